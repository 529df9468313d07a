#include <iterator>

#include "vendor/hailo/hef/hef_parts.h"

namespace tessera {
namespace {

constexpr std::string_view kNmsKinds[] = {"YOLOv5 NMS", "YOLOX NMS",      "SSD NMS",
                                          "IoU NMS",    "YOLOv5-seg NMS", "YOLOv8 NMS"};
constexpr uint32_t kFirstNmsKind = 7;  // its field in ProtoHEFNmsOp

void read_number(const WireField& field, const char* name, HefHostOp& op) {
  uint64_t value = 0;
  field.read(value);
  op.settings[name] = static_cast<double>(value);
}

void read_real(const WireField& field, const char* name, HefHostOp& op) {
  double value = 0;
  field.read(value);
  op.settings[name] = value;
}

void read_image(WireMessage message, HefHostOp& op) {
  while (const auto field = message.next()) {
    if (field->number() == 1) read_real(*field, "image_height", op);
    if (field->number() == 2) read_real(*field, "image_width", op);
  }
}

void read_nms_field(const WireField& field, HefHostOp& op) {
  switch (field.number()) {
    case 1: read_real(field, "score_threshold", op); break;
    case 2: read_real(field, "iou_threshold", op); break;
    case 3: read_number(field, "most_boxes_per_class", op); break;
    case 4: read_number(field, "classes", op); break;
    case 5: read_number(field, "background_removed", op); break;
    case 6: read_number(field, "background_class", op); break;
    case 13: read_number(field, "decoding_only", op); break;
    default:
      if (field.number() >= kFirstNmsKind &&
          field.number() < kFirstNmsKind + std::size(kNmsKinds)) {
        op.kind = kNmsKinds[field.number() - kFirstNmsKind];
        if (op.kind != "IoU NMS") read_image(field.message("an NMS"), op);
      }
  }
}

}  // namespace

HefHostOp read_hef_host_op(WireMessage nms_or_logits, bool nms) {
  HefHostOp op;
  op.kind = nms ? "NMS" : "argmax";
  while (const auto field = nms_or_logits.next()) {
    if (nms) {
      read_nms_field(*field, op);
    } else if (field->number() == 1) {
      uint64_t kind = 0;
      field->read(kind);
      op.kind = kind == 0 ? "argmax" : kind == 1 ? "softmax" : "logits";
    }
  }
  return op;
}

}  // namespace tessera
