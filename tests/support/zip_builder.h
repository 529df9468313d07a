// Builds zip files byte by byte, so that tests can lie in any field.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

struct ZipPart {
  std::string name;
  std::string data;                 // as stored
  uint16_t method = 0;              // 0 stored, 8 deflated
  uint32_t announced = 0xfffffffe;  // size after decompression; this value: that of `data`
  uint16_t flags = 0;
  std::string local_name = "";  // in the local header, when it differs
  bool wrong_crc = false;
  bool zip64 = false;
};

class ZipBuilder {
 public:
  ZipBuilder& add(ZipPart part) {
    const auto* bytes = reinterpret_cast<const Bytef*>(part.data.data());
    const auto crc = static_cast<uint32_t>(crc32(0, bytes, static_cast<uInt>(part.data.size()))) ^
                     (part.wrong_crc ? 1U : 0U);
    const uint32_t announced =
        part.announced == 0xfffffffe ? static_cast<uint32_t>(part.data.size()) : part.announced;
    const auto stored = static_cast<uint32_t>(part.data.size());
    const auto offset = static_cast<uint32_t>(file_.size());
    const std::string& local_name = part.local_name.empty() ? part.name : part.local_name;
    number(file_, 0x04034b50, 4);
    for (uint32_t field : {20U, uint32_t{part.flags}, uint32_t{part.method}, 0U, 0U})
      number(file_, field, 2);
    for (uint32_t field : {crc, stored, announced}) number(file_, field, 4);
    number(file_, local_name.size(), 2);
    number(file_, 0, 2);
    file_ += local_name + part.data;

    number(directory_, 0x02014b50, 4);
    for (uint32_t field : {20U, 20U, uint32_t{part.flags}, uint32_t{part.method}, 0U, 0U}) {
      number(directory_, field, 2);
    }
    number(directory_, crc, 4);
    number(directory_, part.zip64 ? 0xffffffff : stored, 4);
    number(directory_, part.zip64 ? 0xffffffff : announced, 4);
    number(directory_, part.name.size(), 2);
    number(directory_, part.zip64 ? 28 : 0, 2);
    for (int i = 0; i < 3; ++i) number(directory_, 0, 2);
    number(directory_, 0, 4);
    number(directory_, part.zip64 ? 0xffffffff : offset, 4);
    directory_ += part.name;
    if (part.zip64) {
      number(directory_, 1, 2);
      number(directory_, 24, 2);
      for (uint64_t field : {uint64_t{announced}, uint64_t{stored}, uint64_t{offset}})
        number(directory_, field, 8);
    }
    ++count_;
    return *this;
  }

  // Entries appended to the directory only: they share the data of the first one.
  ZipBuilder& repeat_directory() {
    directory_ += directory_;
    count_ *= 2;
    return *this;
  }

  std::vector<uint8_t> bytes() const {
    std::string all = file_ + directory_;
    number(all, 0x06054b50, 4);
    for (uint64_t field : {uint64_t{0}, uint64_t{0}, uint64_t{count_}, uint64_t{count_}})
      number(all, field, 2);
    number(all, directory_.size(), 4);
    number(all, file_.size(), 4);
    number(all, 0, 2);
    return {all.begin(), all.end()};
  }

 private:
  static void number(std::string& out, uint64_t value, int width) {
    for (int i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
  }

  std::string file_;
  std::string directory_;
  uint32_t count_ = 0;
};

// Raw deflate of `data`.
inline std::string deflated(const std::string& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  std::string in = data;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace tessera
