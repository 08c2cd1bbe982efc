"""A web service that predicts with the model that the environment variable FASTNN_MODEL names."""

import os

import numpy as np
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

import fastnn

model = fastnn.models.load_model(os.environ["FASTNN_MODEL"])
app = FastAPI()


class Samples(BaseModel):
    rows: list[list[float]]


@app.post("/predict")
def predict(samples: Samples) -> dict[str, list[list[float]]]:
    try:
        outputs = model.predict(np.array(samples.rows, dtype="float32"), verbose=0)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    return {"outputs": outputs.tolist()}


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}
