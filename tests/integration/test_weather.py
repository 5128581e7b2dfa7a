"""The weather, over sockets."""

from collections.abc import AsyncIterator

import pytest

from bot.internet.weather import OpenMeteo
from handlers.errors import ServiceDownError, ServiceRejectedError
from tests.emulators.weather import WeatherEmulator


@pytest.fixture
async def emulator() -> AsyncIterator[WeatherEmulator]:
    async with WeatherEmulator() as running:
        yield running


@pytest.fixture
async def weather(emulator: WeatherEmulator) -> AsyncIterator[OpenMeteo]:
    async with OpenMeteo(emulator.places_url, emulator.forecast_url) as service:
        yield service


async def test_places_of_a_name_are_told_apart(
    emulator: WeatherEmulator, weather: OpenMeteo
) -> None:
    found = await weather.find("Springfield", "pt-BR")

    assert [one.name for one in found] == [
        "Springfield, Illinois, United States",
        "Springfield, Missouri, United States",
    ]
    assert found[0].timezone == "America/Chicago"
    assert emulator.queries[0]["language"] == "pt"
    assert await weather.find("Nowhere at all") == ()


async def test_the_weather_comes_in_words_and_numbers(weather: OpenMeteo) -> None:
    [berlin] = await weather.find("Berlin")
    told = await weather.forecast(berlin, 2)

    assert told["now"]["sky"] == "light rain"
    assert told["now"]["temperature_2m"] == 12.3
    assert [day["date"] for day in told["days"]] == ["2026-11-21", "2026-11-22"]
    assert told["days"][1] | {"sky": "overcast", "temperature_2m_max": 13.5} == told["days"][1]
    assert told["units"]["temperature_2m"] == "°C"


async def test_units_are_asked_of_the_service(
    emulator: WeatherEmulator, weather: OpenMeteo
) -> None:
    [berlin] = await weather.find("Berlin")
    await weather.forecast(berlin, 1, is_metric=False)

    assert emulator.queries[-1]["temperature_unit"] == "fahrenheit"
    assert emulator.queries[-1]["timezone"] == "Europe/Berlin"


async def test_what_the_service_refuses_or_breaks_is_an_error_of_ours(
    emulator: WeatherEmulator, weather: OpenMeteo
) -> None:
    [berlin] = await weather.find("Berlin")
    with pytest.raises(ServiceRejectedError):
        await weather.forecast(berlin, 99)
    emulator.body = {"results": [{"name": "Half"}], "daily": None}
    with pytest.raises(ServiceDownError):
        await weather.find("Half")
    with pytest.raises(ServiceDownError):
        await weather.forecast(berlin, 1)
    emulator.body = ["no", "object"]
    with pytest.raises(ServiceDownError):
        await weather.find("List")
    emulator.status, emulator.body = 503, {}
    with pytest.raises(ServiceDownError):
        await weather.find("Berlin")


async def test_no_service_at_all_is_an_error_of_ours() -> None:
    async with OpenMeteo("http://127.0.0.1:9/", "http://127.0.0.1:9/") as weather:
        with pytest.raises(ServiceDownError):
            await weather.find("Berlin")
