"""Open-Meteo's two addresses, as strict about what they are asked as the real ones."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

PLACES: tuple[Mapping[str, Any], ...] = (
    {
        "id": 4250542,
        "name": "Springfield",
        "latitude": 39.80172,
        "longitude": -89.64371,
        "country": "United States",
        "country_code": "US",
        "admin1": "Illinois",
        "timezone": "America/Chicago",
    },
    {
        "id": 4409896,
        "name": "Springfield",
        "latitude": 37.21533,
        "longitude": -93.29824,
        "country": "United States",
        "country_code": "US",
        "admin1": "Missouri",
        "timezone": "America/Chicago",
    },
    {
        "id": 2950159,
        "name": "Berlin",
        "latitude": 52.52437,
        "longitude": 13.41053,
        "country": "Germany",
        "country_code": "DE",
        "admin1": "State of Berlin",
        "timezone": "Europe/Berlin",
    },
)
_NOW = {
    "temperature_2m": (12.3, "°C"),
    "apparent_temperature": (10.1, "°C"),
    "relative_humidity_2m": (71, "%"),
    "precipitation": (0.0, "mm"),
    "weather_code": (61, "wmo code"),
    "cloud_cover": (88, "%"),
    "wind_speed_10m": (14.0, "km/h"),
    "wind_gusts_10m": (30.2, "km/h"),
    "wind_direction_10m": (250, "°"),
}
_DAILY = {
    "weather_code": (3, "wmo code"),
    "temperature_2m_max": (13.5, "°C"),
    "temperature_2m_min": (6.2, "°C"),
    "precipitation_sum": (1.2, "mm"),
    "precipitation_probability_max": (40, "%"),
    "wind_speed_10m_max": (22.0, "km/h"),
    "sunrise": ("2026-11-21T07:34", "iso8601"),
    "sunset": ("2026-11-21T16:02", "iso8601"),
}
_UNITS = {
    "temperature_unit": ("celsius", "fahrenheit"),
    "wind_speed_unit": ("kmh", "ms", "mph", "kn"),
    "precipitation_unit": ("mm", "inch"),
}


class WeatherEmulator:
    def __init__(self) -> None:
        self.queries: list[Mapping[str, str]] = []
        self.status = 200
        """Other than 200: every request fails so."""
        self.body: Any = None
        """Answered in the place of anything sensible, if set."""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v1/search", self._search)
        app.router.add_get("/v1/forecast", self._forecast)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        root = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        self.places_url, self.forecast_url = f"{root}/search", f"{root}/forecast"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _search(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.queries.append(query)
        if self.status != 200 or self.body is not None:
            return web.json_response(self.body, status=self.status)
        if not query.get("name") or not 1 <= int(query.get("count", "10")) <= 100:
            return _refuse("name or count")
        found = [one for one in PLACES if one["name"].lower() == query["name"].lower()]
        # Where nothing is found the list is left out.
        return web.json_response({"results": found} if found else {"generationtime_ms": 0.1})

    async def _forecast(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.queries.append(query)
        if self.status != 200 or self.body is not None:
            return web.json_response(self.body, status=self.status)
        days = int(query.get("forecast_days", "7"))
        now, daily = query.get("current", "").split(","), query.get("daily", "").split(",")
        if not 0 <= days <= 16:
            return _refuse("forecast_days")
        if not set(now) <= set(_NOW) or not set(daily) <= set(_DAILY):
            return _refuse("a variable")
        if any(query.get(name, taken[0]) not in taken for name, taken in _UNITS.items()):
            return _refuse("a unit")
        dates = [f"2026-11-{21 + number:02}" for number in range(days)]
        return web.json_response(
            {
                "latitude": float(query["latitude"]),
                "longitude": float(query["longitude"]),
                "timezone": query.get("timezone", "GMT"),
                "current_units": {"time": "iso8601", **{name: _NOW[name][1] for name in now}},
                "current": {"time": "2026-11-21T20:00", **{name: _NOW[name][0] for name in now}},
                "daily_units": {"time": "iso8601", **{name: _DAILY[name][1] for name in daily}},
                "daily": {"time": dates, **{name: [_DAILY[name][0]] * days for name in daily}},
            }
        )


def _refuse(what: str) -> web.Response:
    return web.json_response({"error": True, "reason": f"Value of {what} invalid"}, status=400)
