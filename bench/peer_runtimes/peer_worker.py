"""One peer runtime holding one network, timed on request.

usage: peer_worker.py {onnxruntime|openvino|ncnn|torch} MODEL THREADS INPUT.npy OUTPUT.npy

MODEL is an ONNX file, except for ncnn (a .param/.bin pair, see ncnn_network.py) and torch (an Asteroid checkpoint).
Reads lines from standard input: "run" answers with the milliseconds of one inference; end of input ends the process.
Before the first answer it runs once, writes OUTPUT.npy and prints "ready VERSION".
"""
import sys
import time

import numpy as np


def load_onnxruntime(model, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0], ort.__version__


def load_openvino(model, threads):
    import openvino as ov

    compiled = ov.Core().compile_model(
        model,
        "CPU",
        {
            # bfloat16 is the default on processors with AMX; every peer here computes in float32.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(threads),
        },
    )
    request = compiled.create_infer_request()

    def run(x):
        request.infer([x])
        return request.get_output_tensor(0).data

    return run, ov.__version__.split("-")[0]


def load_ncnn(model, threads):
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    if net.load_param(model + ".param") or net.load_model(model + ".bin"):
        raise RuntimeError("ncnn refused " + model)

    def run(x):
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(np.ascontiguousarray(x.reshape(1, -1))))
        _, y = extractor.extract("out0")
        return np.array(y)

    return run, ncnn.__version__


def load_torch(model, threads):
    import torch

    from torch_network import load_network

    torch.set_num_threads(threads)
    network = load_network(model)

    def run(x):
        with torch.inference_mode():
            return network(torch.from_numpy(x)).numpy()

    return run, torch.__version__


def main():
    peer, model, threads, input_path, output_path = sys.argv[1:6]
    x = np.load(input_path).astype(np.float32)
    run, version = globals()["load_" + peer](model, int(threads))
    np.save(output_path, np.asarray(run(x), dtype=np.float32))
    print("ready", version, flush=True)
    for line in sys.stdin:
        if line.strip() != "run":
            break
        start = time.perf_counter()
        run(x)
        print(f"{(time.perf_counter() - start) * 1000:.3f}", flush=True)


if __name__ == "__main__":
    main()
