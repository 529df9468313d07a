// What is found where a network should be is named, with the next step.
#include "model/foreign_file.h"

#include <gtest/gtest.h>

#include "support/scratch_folder.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using namespace std::string_literals;

Error error_of(const std::string& name, std::string_view content) {
  const ScratchFolder folder;
  EXPECT_TRUE(write_file_atomically(folder / name, content));
  const auto model = import_model(folder / name);
  EXPECT_FALSE(model);
  return model ? Error{} : model.error();
}

TEST(ForeignFile, APointerOfGitLfsIsNamedWhateverItsName) {
  const std::string pointer =
      "version https://git-lfs.github.com/spec/v1\n"
      "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize "
      "20276115\n";
  for (const char* name : {"m.pth", "m.onnx", "m.safetensors", "m.tess", "m.ckpt"}) {
    const Error error = error_of(name, pointer);
    EXPECT_EQ(error.code, ErrorCode::kCorrupt);
    EXPECT_EQ(error.message,
              "this is a Git LFS pointer, not the file it points to (20276115 bytes)");
    EXPECT_NE(error.hint.find("git lfs pull"), std::string::npos);
  }
}

TEST(ForeignFile, PagesAndAnswersOfServersAreNamed) {
  for (const char* page : {"<!DOCTYPE html>\n<html>", "\n\n  <html lang=en>", "<HTML><HEAD>",
                           "\xef\xbb\xbf<!doctype html>"}) {
    EXPECT_EQ(error_of("m.onnx", page).message, "this is an HTML page") << page;
    EXPECT_EQ(error_of("m.pth", page).message, "this is an HTML page") << page;
  }
  EXPECT_EQ(error_of("m.pth", R"({"error":"Repository not found"})").message,
            "this is a JSON document");
  EXPECT_EQ(error_of("m.onnx", "[\n1, 2]").message, "this is a JSON document");
  EXPECT_EQ(
      error_of("m.pt", "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>").message,
      "this is an XML document");
}

TEST(ForeignFile, PackedFilesAndFilesOfOtherProgramsAreNamed) {
  const std::string after(300, 'x');
  const std::string tar = "weights/a.pth" + std::string(244, '\0') + "ustar  " + after;
  for (const auto& [content, message] :
       {std::pair{"\x1f\x8b\x08"s + after, "this is a gzip file"s},
        {"BZh9" + after, "this is a bzip2 file"},
        {"\xfd"
         "7zXZ"s +
             after,
         "this is an xz file"},
        {"\x28\xb5\x2f\xfd" + after, "this is a Zstandard file"},
        {tar, "this is a tar archive"},
        {"\x01HEF"s + after, "this is a compiled network of Hailo (HEF)"},
        {"\x7f"
         "ELF"s +
             after,
         "this is a program or a library (ELF)"},
        {"\x89HDF\r\n" + after, "this is an HDF5 file, as Keras writes weights"},
        {"\x1c\0\0\0TFL3"s + after, "this is a TensorFlow Lite model"},
        {"\x93NUMPY\1" + after, "this is a NumPy array"},
        {"RIFF" + after, "this is a sound file"},
        {"#!/bin/sh\n" + after, "this is a program's text"},
        {std::string(64, '\0'), "this is nothing but zeros"}}) {
    for (const char* name : {"m.pth", "m.onnx"}) {
      const Error error = error_of(name, content);
      EXPECT_EQ(error.message, message) << name;
      EXPECT_FALSE(error.hint.empty());
    }
  }
}

TEST(ForeignFile, TheTarOfOldPyTorchIsNotJustATar) {
  std::string tar = "sys_info" + std::string(249, '\0') + "ustar  " + std::string(300, 'x');
  EXPECT_EQ(error_of("m.pth", tar).message, "this is the tar format of PyTorch before 0.1.10");
}

TEST(ForeignFile, AHeaderLengthThatLooksLikeAMagicNumberIsNone) {
  // 0x8b1f bytes of header: the file begins as a gzip file does.
  const std::string header = R"({"__metadata__":{"a":")" + std::string(0x8b1f - 25, 'x') + "\"}}";
  ASSERT_EQ(header.size(), 0x8b1fU);
  const Error error = error_of("m.safetensors", "\x1f\x8b\0\0\0\0\0\0"s + header);
  EXPECT_EQ(error.message, "the file holds no tensors");
}

TEST(ForeignFile, SafetensorsUnderAnotherNameAreRead) {
  const Error error = error_of("m.pth", "\x02\0\0\0\0\0\0\0{}"s);
  EXPECT_EQ(error.message, "the file holds no tensors");
}

TEST(ForeignFile, EveryOneHasANextStep) {
  for (const ForeignFile& file : foreign_files()) EXPECT_FALSE(file.next.empty()) << file.kind;
}

}  // namespace
}  // namespace tessera
