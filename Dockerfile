# A small image that serves one model: docs/guides/service.py behind uvicorn, without a compiler.
#
#   docker build -t fastnn-serving .
#   docker run -p 8000:8000 -v $PWD/model.keras:/model.keras:ro fastnn-serving
#
FROM python:3.12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
COPY . /source
# Kernels for every instruction set: nobody knows where the image will run.
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels -C cmake.define.FASTNN_ISAS=all /source

FROM python:3.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl fastapi uvicorn && rm -rf /wheels
COPY docs/guides/service.py /app/service.py
WORKDIR /app
USER nobody
# One thread for each process: requests are small, and processes share the processors.
ENV FASTNN_MODEL=/model.keras OMP_NUM_THREADS=1
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health')"]
CMD ["uvicorn", "service:app", "--host", "0.0.0.0", "--port", "8000", "--workers", "2"]
