// Forms of a sensor network beside the imported one, and what chips ask of it.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/counted.h"
#include "tessera/backend.h"
#include "tessera/compiler/verify.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using WindowOutput = std::vector<float>;  // of one window, all outputs

Result<std::vector<WindowOutput>> outputs_on(Session& session,
                                             std::span<const std::vector<float>> windows) {
  std::vector<WindowOutput> all;
  for (const std::vector<float>& window : windows) {
    session.reset();
    TESSERA_TRY(const auto outputs, session.run({ConstValues(window)}));
    WindowOutput& joined = all.emplace_back();
    for (const std::vector<float>& output : outputs)
      joined.insert(joined.end(), output.begin(), output.end());
  }
  return all;
}

EquivalenceForm compared_form(std::string form, std::string backend,
                              const std::vector<WindowOutput>& expected,
                              const std::vector<WindowOutput>& actual) {
  EquivalenceForm result;
  result.form = std::move(form);
  result.backend = std::move(backend);
  double sum = 0;
  double count = 0;
  for (size_t n = 0; n < expected.size(); ++n) {
    const ValueDifference apart = difference(expected[n], actual[n]);
    result.cosine = std::min(result.cosine, apart.cosine);
    result.max_abs = std::max(result.max_abs, apart.max_abs);
    for (size_t i = 0; i < expected[n].size(); ++i) {
      const double d = static_cast<double>(expected[n][i]) - static_cast<double>(actual[n][i]);
      sum += d * d;
    }
    count += static_cast<double>(expected[n].size());
  }
  result.mse = sum / count;
  return result;
}

Result<void> check_equivalence_windows(const Graph& imported,
                                       std::span<const std::vector<float>> windows) {
  if (imported.inputs().size() != 1) {
    return TESSERA_ERROR(kInvalidArgument, "network",
                         fmt::format("has {}, an equivalence is measured on one",
                                     counted(imported.inputs().size(), "input")),
                         "compare it with compare_values()");
  }
  if (windows.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "windows", "there are none", "give at least one");
  }
  const int64_t size = imported.node(imported.inputs()[0]).shape.size();
  for (size_t n = 0; n < windows.size(); ++n) {
    const bool fits =
        static_cast<int64_t>(windows[n].size()) == size &&
        std::all_of(windows[n].begin(), windows[n].end(), [](float x) { return std::isfinite(x); });
    if (fits) continue;
    return TESSERA_ERROR(kInvalidArgument, fmt::format("window {}", n),
                         fmt::format("holds {} where {} finite ones are taken",
                                     counted(windows[n].size(), "value"), size),
                         "");
  }
  return {};
}

std::string input_text(const Graph& graph) {
  const Shape& shape = graph.node(graph.inputs()[0]).shape;
  return fmt::format("[1, {}, {}, {}]", shape.c, shape.h, shape.w);
}

std::string output_text(const Graph& graph) {
  const Shape& shape = graph.node(graph.outputs()[0].node).shape;
  return fmt::format("[1, {}, {}, {}]", shape.c, shape.h, shape.w);
}

StaticCheck shape_check(const Graph& imported, const Plan& plan) {
  const bool same = input_text(imported) == input_text(plan.graph) &&
                    output_text(imported) == output_text(plan.graph);
  return {"static shapes [1, C, H, T], the same in every form", same, true,
          fmt::format("imported {} -> {}, planned {} -> {}; all {} have shapes of numbers",
                      input_text(imported), output_text(imported), input_text(plan.graph),
                      output_text(plan.graph), counted(plan.graph.order().size(), "value"))};
}

StaticCheck groups_check(const Graph& graph) {
  int64_t convolutions = 0;
  int64_t most = 1;
  std::string which;
  for (NodeId id : graph.order()) {
    const auto* conv = graph.get_if<Conv>(id);
    if (conv == nullptr) continue;
    ++convolutions;
    if (conv->groups <= most) continue;
    most = conv->groups;
    which = fmt::format(", '{}' has most", graph.node(id).name);
  }
  return {"groups = 1", most == 1, false,
          fmt::format("{}, at most {}{}", counted(convolutions, "convolution"),
                      counted(most, "group"), which)};
}

// The first node whose kernel reaches over rows of H; empty: none.
std::string kernel_over_rows(const Graph& graph) {
  for (NodeId id : graph.order()) {
    const auto* conv = graph.get_if<Conv>(id);
    const auto* pool = graph.get_if<Pool>(id);
    if ((conv != nullptr && conv->weight.dim(2) > 1) || (pool != nullptr && pool->kernel.h > 1))
      return graph.node(id).name;
  }
  return "";
}

// Whether the rows of H are devices, each with a result of its own.
bool has_devices(const Graph& imported, const EquivalenceOptions& options) {
  if (options.devices > 1) return true;
  const int64_t rows = imported.node(imported.inputs()[0]).shape.h;
  if (rows == 1) return true;  // one, alone
  const auto& outputs = imported.outputs();
  return kernel_over_rows(imported).empty() &&
         std::all_of(outputs.begin(), outputs.end(), [&](const auto& output) {
           return imported.node(output.node).shape.h == rows;
         });
}

StaticCheck kernel_check(const Graph& graph, bool devices) {
  int64_t kernels = 0;
  const std::string tall = kernel_over_rows(graph);
  std::map<std::string, int64_t> found;
  const auto add = [&](int64_t h, int64_t w) {
    ++kernels;
    ++found[fmt::format("({},{})", h, w)];
  };
  for (NodeId id : graph.order()) {
    if (const auto* conv = graph.get_if<Conv>(id)) add(conv->weight.dim(2), conv->weight.dim(3));
    if (const auto* pool = graph.get_if<Pool>(id)) add(pool->kernel.h, pool->kernel.w);
  }
  std::string list;
  for (const auto& [kernel, count] : found)
    list += fmt::format("{}{} x {}", list.empty() ? "" : ", ", kernel, count);
  if (!tall.empty())
    list += fmt::format("; '{}' reaches over {}", tall, devices ? "devices" : "rows");
  return {"kernels (1,k), which never mix devices", tall.empty(), devices,
          kernels == 0 ? "no kernels" : list};
}

// What a device gives is the same, bit for bit, whatever the others measure.
Result<StaticCheck> independence_check(Session& session, const Graph& graph, bool devices,
                                       const std::vector<float>& window,
                                       const WindowOutput& output) {
  const Shape& in = graph.node(graph.inputs()[0]).shape;
  const Shape& out = graph.node(graph.outputs()[0].node).shape;
  StaticCheck check{"devices are independent", true, true, ""};
  if (in.h == 1) {
    check.evidence = "one device";
    return check;
  }
  if (!devices) {
    check.holds = check.required = false;
    check.evidence =
        fmt::format("the {} rows are no devices: the imported network itself joins them", in.h);
    return check;
  }
  if (out.h != in.h) {
    check.holds = false;
    check.evidence = fmt::format("{} devices give {} results", in.h, out.h);
    return check;
  }
  double worst = 0;
  for (int64_t kept = 0; kept < in.h; ++kept) {
    std::vector<float> changed = window;
    for (int64_t row = 0; row < in.c * in.h; ++row) {
      if (row % in.h == kept) continue;
      const auto begin = changed.begin() + row * in.w;
      std::reverse(begin, begin + in.w);
      for (auto value = begin; value != begin + in.w; ++value) *value = 1 - *value;
    }
    session.reset();
    TESSERA_TRY(const auto outputs, session.run({ConstValues(changed)}));
    for (int64_t c = 0; c < out.c; ++c) {
      for (int64_t t = 0; t < out.w; ++t) {
        const auto at = static_cast<size_t>((c * out.h + kept) * out.w + t);
        worst = std::max(
            worst, std::abs(static_cast<double>(outputs[0][at]) - static_cast<double>(output[at])));
      }
    }
  }
  check.holds = worst == 0;
  check.evidence = fmt::format(
      "with other values on the others, the outputs of each of {} devices change by {:.3g} at most",
      in.h, worst);
  return check;
}

}  // namespace

bool EquivalenceReport::passed() const {
  return std::all_of(forms.begin(), forms.end(), [](const auto& form) { return form.passed; }) &&
         std::all_of(checks.begin(), checks.end(),
                     [](const auto& check) { return check.holds || !check.required; });
}

Result<EquivalenceReport> measure_equivalence(const Graph& imported, const Plan& plan,
                                              const Encodings* encodings,
                                              std::span<const std::vector<float>> windows,
                                              int threads, const EquivalenceOptions& options) {
  TESSERA_TRY_VOID(check_equivalence_windows(imported, windows));
  TESSERA_TRY(const auto reference, make_backend("reference", {.threads = threads}));
  TESSERA_TRY(const auto cpu, make_backend("cpu", {.threads = threads}));
  TESSERA_TRY(Session judge, Session::create(imported, *reference));
  TESSERA_TRY(const auto expected, outputs_on(judge, windows));
  EquivalenceReport report;
  report.windows = static_cast<int64_t>(windows.size());
  const auto add = [&](std::string form, std::string backend,
                       const std::vector<WindowOutput>& actual, bool integers) {
    EquivalenceForm& row = report.forms.emplace_back(
        compared_form(std::move(form), std::move(backend), expected, actual));
    row.least_cosine = integers ? options.least_integer_cosine : options.least_cosine;
    row.passed = integers ? row.cosine >= row.least_cosine : row.cosine > row.least_cosine;
  };
  TESSERA_TRY(Session whole, Session::create(imported, *cpu));
  TESSERA_TRY(const auto of_imported, outputs_on(whole, windows));
  add("imported", "cpu", of_imported, false);
  TESSERA_TRY(Session legal, Session::create(plan.graph, *cpu));
  TESSERA_TRY(const auto of_legal, outputs_on(legal, windows));
  add("legal", "cpu", of_legal, false);
  TESSERA_TRY(Session pieces, Session::create(plan, Devices(*cpu)));
  TESSERA_TRY(const auto of_pieces, outputs_on(pieces, windows));
  add("planned", "cpu", of_pieces, false);
  if (encodings != nullptr) {
    TESSERA_TRY(const auto emulator, make_backend("emulator", {.threads = threads}));
    TESSERA_TRY(Session integers, Session::create(plan, Devices(*emulator), encodings));
    TESSERA_TRY(const auto of_integers, outputs_on(integers, windows));
    add("quantised", "emulator", of_integers, true);
  }
  report.checks.push_back(shape_check(imported, plan));
  report.checks.push_back(groups_check(plan.graph));
  const bool devices = has_devices(imported, options);
  report.checks.push_back(kernel_check(plan.graph, devices));
  TESSERA_TRY(StaticCheck independent,
              independence_check(pieces, plan.graph, devices, windows[0], of_pieces[0]));
  report.checks.push_back(std::move(independent));
  return report;
}

}  // namespace tessera
