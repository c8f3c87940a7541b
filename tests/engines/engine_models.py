"""Programs that make models for each engine; its Python runs them with the folder to write to."""

SKLEARN = """
import json, sys
import joblib
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
rows, labels = load_digits(return_X_y=True)
model = LogisticRegression(max_iter=300).fit(rows[:1500], labels[:1500])
joblib.dump(model, sys.argv[1] + "/model.joblib")
print(json.dumps([rows[1500:1503].tolist(), model.predict(rows[1500:1503]).tolist()]))
"""
XGBOOST = """
import json, sys
import numpy, xgboost
rows = numpy.arange(40.0).reshape(20, 2)
model = xgboost.train({"max_depth": 2}, xgboost.DMatrix(rows, label=rows.sum(1)), 5)
model.save_model(sys.argv[1] + "/model.ubj")
print(json.dumps([rows[:2].tolist(), model.predict(xgboost.DMatrix(rows[:2])).tolist()]))
"""
LIGHTGBM = """
import json, sys
import lightgbm, numpy
rows = numpy.arange(200.0).reshape(100, 2)
data = lightgbm.Dataset(rows, label=rows.sum(1))
model = lightgbm.train({"verbose": -1, "min_data_in_leaf": 5}, data, 5)
model.save_model(sys.argv[1] + "/model.txt")
print(json.dumps([rows[:2].tolist(), model.predict(rows[:2]).tolist()]))
"""
TENSORFLOW = """
import sys
import tensorflow as tf
class Sum(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable([[1.0], [2.0]])
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": tf.matmul(x, self.weights)}
one = Sum()
tf.saved_model.save(one, sys.argv[1] + "/1", signatures=one.__call__)
"""
TORCH = """
import subprocess, sys
from pathlib import Path
import torch
class Double(torch.nn.Module):
    def forward(self, x):
        return 2 * x
folder = Path(sys.argv[1])
torch.jit.trace(Double(), torch.zeros(1)).save(str(folder / "model.pt"))
(folder / "handler.py").write_text('''
import json, os, torch
model = None
def handle(data, context):
    global model
    if model is None:
        model = torch.jit.load(os.path.join(context.system_properties["model_dir"], "model.pt"))
    if data is None:
        return None
    bodies = [row.get("data") or row.get("body") for row in data]
    rows = [json.loads(one) if isinstance(one, (bytes, bytearray)) else one for one in bodies]
    return [model(torch.tensor(one)).tolist() for one in rows]
''')
(folder / "store").mkdir()
archiver = Path(sys.executable).with_name("torch-model-archiver")
files = ["--serialized-file", folder / "model.pt", "--handler", folder / "handler.py"]
named = ["--model-name", "double", "--version", "1.0", "--export-path", folder / "store"]
subprocess.run([archiver, *named, *files], check=True)
"""
LLAMA = """
import sys
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
tokens = Tokenizer(models.BPE(unk_token="<unk>"))
tokens.pre_tokenizer, tokens.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
alphabet = pre_tokenizers.ByteLevel.alphabet()
special = ["<unk>", "<s>", "</s>"]
trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet)
tokens.train_from_iterator(["hello world of models that answer"], trainer)
fast = PreTrainedTokenizerFast(tokenizer_object=tokens, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
fast.chat_template = "{% for one in messages %}{{ one['content'] }} {% endfor %}"
fast.save_pretrained(sys.argv[1])
config = LlamaConfig(vocab_size=len(fast), hidden_size=128, intermediate_size=128, num_hidden_layers=2,
                     num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=256,
                     bos_token_id=1, eos_token_id=2)
LlamaForCausalLM(config).save_pretrained(sys.argv[1])
"""
TRITON = {
    "double/config.pbtxt": """
backend: "python"
max_batch_size: 8
input [ { name: "x", data_type: TYPE_FP32, dims: [ -1 ] } ]
output [ { name: "y", data_type: TYPE_FP32, dims: [ -1 ] } ]
instance_group [ { kind: KIND_CPU } ]
""",
    "double/1/model.py": """
import numpy
import triton_python_backend_utils as utils

class TritonPythonModel:
    def execute(self, requests):
        inputs = [utils.get_input_tensor_by_name(one, "x").as_numpy() for one in requests]
        outputs = [utils.Tensor("y", (2 * one).astype(numpy.float32)) for one in inputs]
        return [utils.InferenceResponse(output_tensors=[one]) for one in outputs]
""",
}
ONNX = "CAg6PwoOCgF4CgF4EgF5IgNBZGQSAWdaFAoBeBIPCg0IARIJCgMSAW4KAggCYhQKAXkSDwoNCAESCQoDEgFuCgIIAkIECgAQDQ=="
"""The graph y = x + x of ONNX, for rows of two numbers."""
