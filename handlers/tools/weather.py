"""The tool that tells the weather."""

import json
from collections.abc import Mapping
from typing import Any

from handlers.ports.chat import ToolSpec
from handlers.ports.internet import WeatherService
from handlers.tools.tool import Tool, ToolOutput
from handlers.turn import Turn

MAX_DAYS = 16
DAYS = 3


class Weather(Tool):
    spec = ToolSpec(
        name="weather",
        description="The weather of a place now and in the next days, in its local time.",
        parameters={
            "type": "object",
            "properties": {
                "place": {
                    "type": "string",
                    "minLength": 2,
                    "maxLength": 100,
                    "description": "A town or a region, without its country: Springfield",
                },
                "region": {
                    "type": "string",
                    "description": "A country or a state, where the name alone is not clear",
                },
                "days": {"type": "integer", "minimum": 1, "maximum": MAX_DAYS},
                "units": {"type": "string", "enum": ["metric", "imperial"]},
            },
            "required": ["place"],
            "additionalProperties": False,
        },
    )
    summary = "The weather, anywhere"

    def __init__(self, service: WeatherService) -> None:
        self._service = service

    async def call(self, turn: Turn, arguments: Mapping[str, Any]) -> ToolOutput:
        name, region = arguments["place"].strip(), arguments.get("region", "").strip().lower()
        places = await self._service.find(name, turn.message.sender.language)
        if not places:
            text = f"Error: no place of the name {name} is known. Try its English name."
            return ToolOutput(text, is_failed=True)
        place = next((one for one in places if region and region in one.name.lower()), places[0])
        is_metric = arguments.get("units") != "imperial"
        days = int(arguments.get("days", DAYS))
        told = await self._service.forecast(place, days, is_metric=is_metric)
        others = [one.name for one in places if one is not place]
        answer = {
            "place": place.name,
            **told,
            **({"other_places_of_this_name": others} if others else {}),
            "source": self._service.attribution,
        }
        title = f"{self.spec.name}: {place.name} ({self._service.attribution})"
        return ToolOutput(json.dumps(answer, ensure_ascii=False), title=title)
