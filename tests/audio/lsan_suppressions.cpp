// Under LeakSanitizer: libsndfile 1.2 forgets what libvorbis holds of an Ogg file whose headers are
// cut off. What Tessera itself would forget, an open file, is more than this and is still found.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();

const char* __lsan_default_suppressions() {
  return "leak:vorbis_info_init\n";
}
