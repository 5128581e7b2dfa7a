"""Where the internet's services are, for the configuration: nothing is loaded to know that."""

PLACES_URL = "https://geocoding-api.open-meteo.com/v1/search"
FORECAST_URL = "https://api.open-meteo.com/v1/forecast"
