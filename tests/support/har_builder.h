// HARs for tests: a tar written header by header, so that tests can lie in any field.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/npy.h"
#include "support/hef_builder.h"
#include "support/zip_builder.h"
#include "tessera/compiler/graph.h"

namespace tessera::test {

struct TarMember {
  std::string name;
  std::string data;
  char type = '0';  // '2': a symbolic link to `link`
  std::string link = "";
  int64_t stated = -1;  // the size in the header; -1: that of `data`
};

inline std::string tar_header(const TarMember& member) {
  std::string header(512, '\0');
  const auto put = [&](size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const auto octal = [](uint64_t value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
    return std::string(text);
  };
  const uint64_t size =
      member.stated >= 0 ? static_cast<uint64_t>(member.stated) : member.data.size();
  put(0, std::string_view(member.name).substr(0, 100));
  put(100, octal(0644, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  put(156, std::string(1, member.type));
  put(157, std::string_view(member.link).substr(0, 100));
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  put(148, "        ");
  uint64_t sum = 0;
  for (const char c : header) sum += static_cast<uint8_t>(c);
  put(148, octal(sum, 6) + std::string("\0 ", 2));
  return header;
}

inline std::string tar_of(const std::vector<TarMember>& members) {
  std::string tar;
  for (const TarMember& member : members) {
    tar += tar_header(member) + member.data;
    tar.append((512 - member.data.size() % 512) % 512, '\0');
  }
  return tar + std::string(1024, '\0');
}

inline std::string gzip_of(const std::string& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// An input of 2x8x3, a convolution with an activation, and an output.
inline constexpr std::string_view kSmallHn = R"({
 "name": "net",
 "net_params": {"version": "1.0", "stage": "HN", "output_layers_order": ["net/conv1"],
                "transposed_net": false},
 "layers": {
  "net/input_layer1": {"type": "input_layer", "input": [], "output": ["net/conv1"],
   "input_shapes": [[-1, 2, 8, 3]], "output_shapes": [[-1, 2, 8, 3]], "original_names": ["x"],
   "weights": 0, "macs": 0},
  "net/conv1": {"type": "conv", "input": ["net/input_layer1"], "output": ["net/output_layer1"],
   "input_shapes": [[-1, 2, 8, 3]], "output_shapes": [[-1, 2, 8, 4]],
   "original_names": ["/conv/Conv", "/act/Relu"],
   "quantization_params": {"precision_mode": "a8_w8_a8",
                           "bias_mode": "single_scale_decomposition"},
   "params": {"kernel_shape": [1, 3, 3, 4], "strides": [1, 1, 1, 1], "dilations": [1, 1, 1, 1],
              "padding": "SAME_TENSORFLOW", "groups": 1, "batch_norm": false,
              "elementwise_add": false, "activation": "relu"},
   "weights": 40, "macs": 576},
  "net/output_layer1": {"type": "output_layer", "input": ["net/conv1"], "output": [],
   "input_shapes": [[-1, 2, 8, 4]], "output_shapes": [[-1, 2, 8, 4]], "original_names": ["y"],
   "weights": 0, "macs": 0}
 }
})";

inline std::string npz_of(
    const std::vector<std::tuple<std::string, std::vector<int64_t>, std::vector<float>>>& arrays) {
  ZipBuilder zip;
  for (const auto& [name, dims, values] : arrays) {
    const auto npy = format_npy(dims, values);
    zip.add({name + ".npy", std::string(npy.begin(), npy.end())});
  }
  const auto bytes = zip.bytes();
  return std::string(bytes.begin(), bytes.end());
}

// kernel[h, w, in, out] = 0.1 * position, bias = 1 .. 4.
inline std::string small_weights() {
  std::vector<float> kernel(36);
  for (size_t i = 0; i < kernel.size(); ++i) kernel[i] = 0.1F * static_cast<float>(i) - 1.5F;
  return npz_of(
      {{"net/conv1/kernel:0", {1, 3, 3, 4}, kernel}, {"net/conv1/bias:0", {4}, {1, 2, 3, 4}}});
}

// The network of which kSmallHn is the parser's form, with those weights.
inline Graph small_network() {
  std::vector<float> values(36);
  for (size_t o = 0; o < 4; ++o) {
    for (size_t i = 0; i < 3; ++i) {
      for (size_t w = 0; w < 3; ++w) {
        values[(o * 3 + i) * 3 + w] = 0.1F * static_cast<float>((w * 3 + i) * 4 + o) - 1.5F;
      }
    }
  }
  Conv conv{Tensor({4, 3, 1, 3}, std::move(values)), Tensor({4}, {1, 2, 3, 4})};
  conv.padding = {0, 0, 1, 1};
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId x = editor.add(Input{{3, 2, 8}}, {}, "x").value();
  const NodeId y = editor.add(std::move(conv), {x}, "/conv/Conv").value();
  // Exported under the name of the output: the node that computes it.
  editor.add_output("/act/Relu", editor.add(Unary{UnaryKind::relu}, {y}, "/act/Relu").value());
  return graph;
}

inline std::vector<TarMember> small_har_members() {
  const auto hef = hef_file(2, small_hef());
  return {{"net.hn", std::string(kSmallHn)},
          {"net.native.hn", std::string(kSmallHn)},
          {"net.npz", small_weights()},
          {"net.alls", "quantization_param(conv1, precision_mode=a8_w8)\n"},
          {"net.auto.alls", "place(0, 'conv1')\n"},
          {"net.hef", std::string(hef.begin(), hef.end())}};
}

}  // namespace tessera::test
