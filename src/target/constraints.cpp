// The one table of constraints, each with its measure.
#include <array>

#include "target/measure.h"
#include "target/measures.h"

namespace tessera {
namespace {

struct Row {
  Constraint constraint;
  Measure measure;
};

using enum TargetSection;
constexpr std::array kTable{
    Row{{"batch_of_one", "The chip takes one sample per call.", "every node", limits, "batch",
         "run_one_sample_per_call"},
        measure_batch},
    Row{{"tensor_rank", "A tensor has at most four axes: batch, channels, height, width.",
         "every node", limits, "rank", "place_on_host"},
        measure_rank},
    Row{{"operation", "The chip has this operation at all.", "every node", support, "operations",
         "place_on_host"},
        measure_operation},
    Row{{"axis_size", "No axis of a tensor is longer than the compiler's front end takes.",
         "every node", limits, "dimension", "tile_time"},
        measure_dimension},
    Row{{"row_width",
         "One row (channels x width, one byte each) of every input and output can be buffered.",
         "every node", limits, "row_bytes", "tile_time, block_channels, stripe_time"},
        measure_row},
    Row{{"conv_kind", "The chip has this kind of convolution.", "conv", support, "convolutions",
         "lower_grouped_conv_to_dense, lower_grouped_conv_to_slices"},
        measure_conv_kind},
    Row{{"conv_kernel", "The kernel of a convolution is no longer than compiled ones.", "conv",
         limits, "kernel", "place_on_host"},
        measure_kernel},
    Row{{"conv_stride", "The stride of a convolution is no larger than compiled ones.", "conv",
         limits, "stride", "factor_strided_conv"},
        measure_stride},
    Row{{"conv_dilation", "The dilation of a convolution is no larger than compiled ones.", "conv",
         limits, "dilation", "lower_dilation_to_phases"},
        measure_dilation},
    Row{{"conv_padding", "Zero padding inside a convolution is the same before and after.", "conv",
         support, "conv_padding", "gather_halo_on_host"},
        measure_conv_padding},
    Row{{"transposed_conv_kind", "The chip has this kind of transposed convolution.",
         "conv_transpose", support, "transposed_convolutions", "lower_transposed_conv"},
        measure_transposed_kind},
    Row{{"transposed_conv_kernel",
         "The kernel of a transposed convolution is no longer than compiled ones.",
         "conv_transpose", limits, "transposed_kernel", "lower_transposed_conv"},
        measure_transposed_kernel},
    Row{{"transposed_conv_stride",
         "The stride of a transposed convolution is no larger than compiled ones.",
         "conv_transpose", limits, "transposed_stride", "lower_transposed_conv"},
        measure_transposed_stride},
    Row{{"activation", "The chip computes this function of one value.", "unary", support,
         "activations", "place_on_host"},
        measure_activation},
    Row{{"norm",
         "A norm needs no statistics over time: one call sees a tile, never the whole sequence.",
         "norm", support, "norms", "split_global_norm"},
        measure_norm},
    Row{{"softmax", "A softmax sums over the channels of one frame.", "softmax", support, "softmax",
         "place_on_host"},
        measure_softmax},
    Row{{"elementwise", "The chip combines two tensors in this way.", "add, mul, binary", support,
         "elementwise", "place_on_host"},
        measure_elementwise},
    Row{{"elementwise_shapes",
         "Two tensors that meet have the same shape, or one holds one value per channel.",
         "add, mul, binary", support, "broadcast", "place_on_host"},
        measure_broadcast},
    Row{{"concat_axis", "Tensors join along an axis that the chip can join.", "concat", support,
         "concat_axis", "place_on_host"},
        measure_concat},
    Row{{"slice_axis", "A slice is a run of neighbours along an axis that the chip can split.",
         "slice", support, "slice", "gather_phases_on_host"},
        measure_slice},
    Row{{"pad_mode", "Padding as a layer of its own is of a kind that the chip has.", "pad",
         support, "pad", "gather_halo_on_host"},
        measure_pad},
    Row{{"pool_kind", "The chip has this kind of pool.", "pool, global_pool", support, "pools",
         "place_on_host"},
        measure_pool},
    Row{{"pool_kernel", "The window of a pool is no longer than compiled ones.",
         "pool, global_pool", limits, "pool_kernel", "place_on_host"},
        measure_pool_kernel},
    Row{{"reduction", "A reduction stays inside one frame.", "reduce", support, "reductions",
         "place_on_host"},
        measure_reduction},
    Row{{"cluster_memory",
         "The buffers and weights of one physical layer lie in the memory cuts of one cluster.",
         "every node", units, "l3_cuts", "block_channels, tile_time"},
        measure_cluster_memory},
    Row{{"input_ports", "Every input of the graph enters a cluster through a port of its own.",
         "the whole graph", units, "ports_in", "cut_segments"},
        measure_input_ports},
    Row{{"output_ports", "Every output of the graph leaves a cluster through a port of its own.",
         "the whole graph", units, "ports_out", "cut_segments"},
        measure_output_ports},
    Row{{"context_count", "The whole graph needs no more contexts than some compiled network had.",
         "the whole graph", limits, "contexts", "cut_segments"},
        measure_contexts},
    Row{{"conv_channels", "A convolution reads no more channels than the chip can count.",
         "conv, conv_transpose, gemm", limits, "conv_channels", "block_channels"},
        measure_conv_channels},
    Row{{"depthwise_stride", "The stride of a depthwise convolution is one that the chip has.",
         "conv", limits, "depthwise_stride", "place_on_host"},
        measure_depthwise_stride},
    Row{{"dilated_stride", "The stride of a dilated convolution is one that the chip has.", "conv",
         limits, "dilated_stride", "place_on_host"},
        measure_dilated_stride},
    Row{{"padded_stride", "The stride of a convolution that is padded is one that the chip has.",
         "conv", limits, "padded_stride", "gather_halo_on_host"},
        measure_padded_stride},
    Row{{"grouped_stride", "The stride of a convolution in groups is one that the chip has.",
         "conv", limits, "grouped_stride", "place_on_host"},
        measure_grouped_stride},
    Row{{"weight_sum", "The weights of a channel add up to no more than the accumulator takes.",
         "conv, conv_transpose, gemm", limits, "weight_sum", "block_channels"},
        measure_weight_sum},
    Row{{"pool_area", "The window of a pool covers no more than the chip can count.",
         "pool, global_pool", limits, "pool_area", "place_on_host"},
        measure_pool_area},
    Row{{"pool_height", "The window of a pool is no higher than the chip takes.", "pool", limits,
         "pool_height", "place_on_host"},
        measure_pool_height},
    Row{{"padded_pool", "The window of a padded average pool is no longer than the chip takes.",
         "pool", limits, "padded_pool", "place_on_host"},
        measure_padded_pool},
    Row{{"mean_axis", "A mean goes over no more elements of an axis than the chip takes.",
         "global_pool, reduce", limits, "mean_axis", "place_on_host"},
        measure_mean_axis},
    Row{{"depth_mean",
         "A mean over channels goes over values of one row, one column or one channel.", "reduce",
         support, "depth_means", "place_on_host"},
        measure_depth_reduction},
    Row{{"constant_operand", "Operators read values, and constants only as weights.", "every node",
         support, "operands", "place_on_host"},
        measure_operands},
    Row{{"softmax_places", "A softmax has no more places, height x width, than the chip takes.",
         "softmax", limits, "softmax_places", "tile_time"},
        measure_softmax_places},
    Row{{"transposed_strides",
         "A transposed convolution has strides that the chip has, and a kernel as long as they.",
         "conv_transpose", support, "transposed_strides", "lower_transposed_conv"},
        measure_transposed_strides},
    Row{{"memory", "The values that are needed at one time lie in the shared memory.",
         "the whole graph", units, "sram_bytes", "tile_time, block_channels, cut_segments"},
        measure_memory},
};

template <typename Pick>
constexpr auto column(Pick pick) {
  std::array<decltype(pick(kTable[0])), kTable.size()> result{};
  for (size_t i = 0; i < kTable.size(); ++i) result[i] = pick(kTable[i]);
  return result;
}

}  // namespace

std::span<const Constraint> constraints() {
  static constexpr auto kColumn = column([](const Row& row) { return row.constraint; });
  return kColumn;
}

std::span<const Measure> measures() {
  static constexpr auto kColumn = column([](const Row& row) { return row.measure; });
  return kColumn;
}

}  // namespace tessera
