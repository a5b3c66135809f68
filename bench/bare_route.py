# SPDX-License-Identifier: Apache-2.0
"""A bare FastAPI route under uvicorn, for comparison: it takes a JSON body and gives one back, and does nothing between."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.post("/bare")
async def bare(body: dict[str, Any]) -> dict[str, Any]:
    """What the framework costs by itself."""
    return {"responseCode": "2002500", "responseMessage": "Success", "fields": len(body)}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
