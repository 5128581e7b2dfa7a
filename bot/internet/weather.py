"""The weather, by Open-Meteo: free for non-commercial use, without a key."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.internet.options import FORECAST_URL, PLACES_URL
from handlers.errors import ServiceDownError, ServiceRejectedError
from handlers.ports.internet import Place

TIMEOUT_S = 15.0
MAX_PLACES = 5

_NOW = (
    "temperature_2m",
    "apparent_temperature",
    "relative_humidity_2m",
    "precipitation",
    "weather_code",
    "cloud_cover",
    "wind_speed_10m",
    "wind_gusts_10m",
    "wind_direction_10m",
)
_DAILY = (
    "weather_code",
    "temperature_2m_max",
    "temperature_2m_min",
    "precipitation_sum",
    "precipitation_probability_max",
    "wind_speed_10m_max",
    "sunrise",
    "sunset",
)
_IMPERIAL = {
    "temperature_unit": "fahrenheit",
    "wind_speed_unit": "mph",
    "precipitation_unit": "inch",
}
# The World Meteorological Organization's codes, as far as the service uses them.
_SKIES = {
    0: "clear sky",
    1: "mainly clear",
    2: "partly cloudy",
    3: "overcast",
    45: "fog",
    48: "fog with rime",
    51: "light drizzle",
    53: "drizzle",
    55: "dense drizzle",
    56: "light freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "light freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light showers",
    81: "showers",
    82: "violent showers",
    85: "light snow showers",
    86: "heavy snow showers",
    95: "thunderstorm",
    96: "thunderstorm with light hail",
    99: "thunderstorm with heavy hail",
}


class OpenMeteo:
    """Fills the port WeatherService. To be used inside ``async with``."""

    attribution = "Open-Meteo.com"

    def __init__(self, places_url: str = PLACES_URL, forecast_url: str = FORECAST_URL) -> None:
        self._places_url = places_url
        self._forecast_url = forecast_url

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = aiohttp.ClientSession(
            timeout=timeout, trust_env=True, cookie_jar=aiohttp.DummyCookieJar()
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def find(self, name: str, language: str = "") -> tuple[Place, ...]:
        query = {"name": name, "count": str(MAX_PLACES), "format": "json"}
        if language:
            query["language"] = language.partition("-")[0]
        told = await self._get(self._places_url, query)
        results = told.get("results", ())
        return tuple(_read_place(one) for one in results if isinstance(one, Mapping))

    async def forecast(
        self, place: Place, days: int, *, is_metric: bool = True
    ) -> Mapping[str, Any]:
        query = {
            "latitude": str(place.latitude),
            "longitude": str(place.longitude),
            "timezone": place.timezone or "auto",
            "forecast_days": str(days),
            "current": ",".join(_NOW),
            "daily": ",".join(_DAILY),
            **({} if is_metric else _IMPERIAL),
        }
        told = await self._get(self._forecast_url, query)
        try:
            units = {**told["daily_units"], **told["current_units"]}
            return {
                "now": _put_in_words(
                    {"time": told["current"]["time"]} | _only(told["current"], _NOW)
                ),
                "days": _rows(told["daily"]),
                "units": {name: units[name] for name in (*_NOW, *_DAILY) if units.get(name)},
            }
        except (KeyError, TypeError, ValueError) as exc:
            raise ServiceDownError("the weather came in a form that nobody reads") from exc

    async def _get(self, url: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            async with self._session.get(url, params=query) as response:
                if response.status == 400:
                    raise ServiceRejectedError("the weather service refused the question")
                if response.status != 200:
                    raise ServiceDownError(f"the weather service answered {response.status}")
                told = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
            raise ServiceDownError(f"no weather ({type(exc).__name__})") from exc
        if not isinstance(told, Mapping):
            raise ServiceDownError("the weather came in a form that nobody reads")
        return told


def _read_place(told: Mapping[str, Any]) -> Place:
    try:
        names = dict.fromkeys(told.get(key) for key in ("name", "admin1", "country"))
        return Place(
            name=", ".join(str(name) for name in names if name),
            latitude=float(told["latitude"]),
            longitude=float(told["longitude"]),
            timezone=str(told.get("timezone") or ""),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise ServiceDownError("a place came in a form that nobody reads") from exc


def _rows(daily: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """A day each, of columns."""
    return [
        _put_in_words({"date": day, **{name: daily[name][number] for name in _DAILY}})
        for number, day in enumerate(daily["time"])
    ]


def _only(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: told[name] for name in names if told.get(name) is not None}


def _put_in_words(told: dict[str, Any]) -> dict[str, Any]:
    code = told.pop("weather_code", None)
    return told | {"sky": _SKIES.get(code, "unknown") if isinstance(code, int) else "unknown"}
