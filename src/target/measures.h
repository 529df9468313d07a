// One function per constraint of constraints.cpp. Each is called only for the ops its row names,
// except those that look at every node; those of the whole graph ignore the node.
#pragma once

#include "target/measure.h"

namespace tessera {

std::optional<Measurement> measure_batch(const CheckSubject&, const Node&);
std::optional<Measurement> measure_rank(const CheckSubject&, const Node&);
std::optional<Measurement> measure_operation(const CheckSubject&, const Node&);
std::optional<Measurement> measure_dimension(const CheckSubject&, const Node&);
std::optional<Measurement> measure_row(const CheckSubject&, const Node&);
std::optional<Measurement> measure_conv_kind(const CheckSubject&, const Node&);
std::optional<Measurement> measure_kernel(const CheckSubject&, const Node&);
std::optional<Measurement> measure_stride(const CheckSubject&, const Node&);
std::optional<Measurement> measure_dilation(const CheckSubject&, const Node&);
std::optional<Measurement> measure_conv_padding(const CheckSubject&, const Node&);
std::optional<Measurement> measure_transposed_kind(const CheckSubject&, const Node&);
std::optional<Measurement> measure_transposed_kernel(const CheckSubject&, const Node&);
std::optional<Measurement> measure_transposed_stride(const CheckSubject&, const Node&);
std::optional<Measurement> measure_activation(const CheckSubject&, const Node&);
std::optional<Measurement> measure_norm(const CheckSubject&, const Node&);
std::optional<Measurement> measure_softmax(const CheckSubject&, const Node&);
std::optional<Measurement> measure_elementwise(const CheckSubject&, const Node&);
std::optional<Measurement> measure_broadcast(const CheckSubject&, const Node&);
std::optional<Measurement> measure_concat(const CheckSubject&, const Node&);
std::optional<Measurement> measure_slice(const CheckSubject&, const Node&);
std::optional<Measurement> measure_pad(const CheckSubject&, const Node&);
std::optional<Measurement> measure_pool(const CheckSubject&, const Node&);
std::optional<Measurement> measure_pool_kernel(const CheckSubject&, const Node&);
std::optional<Measurement> measure_reduction(const CheckSubject&, const Node&);
std::optional<Measurement> measure_cluster_memory(const CheckSubject&, const Node&);
std::optional<Measurement> measure_input_ports(const CheckSubject&, const Node&);
std::optional<Measurement> measure_output_ports(const CheckSubject&, const Node&);
std::optional<Measurement> measure_contexts(const CheckSubject&, const Node&);
std::optional<Measurement> measure_conv_channels(const CheckSubject&, const Node&);
std::optional<Measurement> measure_depthwise_stride(const CheckSubject&, const Node&);
std::optional<Measurement> measure_dilated_stride(const CheckSubject&, const Node&);
std::optional<Measurement> measure_padded_stride(const CheckSubject&, const Node&);
std::optional<Measurement> measure_grouped_stride(const CheckSubject&, const Node&);
std::optional<Measurement> measure_weight_sum(const CheckSubject&, const Node&);
std::optional<Measurement> measure_pool_area(const CheckSubject&, const Node&);
std::optional<Measurement> measure_pool_height(const CheckSubject&, const Node&);
std::optional<Measurement> measure_padded_pool(const CheckSubject&, const Node&);
std::optional<Measurement> measure_mean_axis(const CheckSubject&, const Node&);
std::optional<Measurement> measure_operands(const CheckSubject&, const Node&);
std::optional<Measurement> measure_depth_reduction(const CheckSubject&, const Node&);
std::optional<Measurement> measure_softmax_places(const CheckSubject&, const Node&);
std::optional<Measurement> measure_transposed_strides(const CheckSubject&, const Node&);
std::optional<Measurement> measure_memory(const CheckSubject&, const Node&);

}  // namespace tessera
