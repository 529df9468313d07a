// Writes pickles opcode by opcode, hostile ones included.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tessera {

class PickleBuilder {
 public:
  PickleBuilder& op(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }
  PickleBuilder& text(std::string_view text) {  // SHORT_BINUNICODE
    out_ += '\x8c';
    out_ += static_cast<char>(text.size());
    out_ += text;
    return *this;
  }
  PickleBuilder& number(int32_t value) {  // BININT
    out_ += 'J';
    for (int i = 0; i < 4; ++i) out_ += static_cast<char>(static_cast<uint32_t>(value) >> (8 * i));
    return *this;
  }
  PickleBuilder& global(std::string_view module, std::string_view name) {
    out_ += 'c';
    out_ += module;
    out_ += '\n';
    out_ += name;
    out_ += '\n';
    return *this;
  }
  // A float tensor of the given shape on storage `key` of `elements` numbers.
  PickleBuilder& tensor(std::string_view key, int32_t elements,
                        std::initializer_list<int32_t> sizes,
                        std::initializer_list<int32_t> strides, int32_t offset = 0,
                        std::string_view type = "FloatStorage") {
    global("torch._utils", "_rebuild_tensor_v2").op("((").text("storage").global("torch", type);
    text(key).text("cpu").number(elements).op("tQ").number(offset).op("(");
    for (int32_t size : sizes) number(size);
    op("t(");
    for (int32_t stride : strides) number(stride);
    return op("t\x89Nt").op("R");
  }
  // The whole pickle, with protocol and stop.
  std::string done() const { return "\x80\x02" + out_ + "."; }

 private:
  std::string out_;
};

inline std::span<const uint8_t> as_bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace tessera
