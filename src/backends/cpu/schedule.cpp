#include "backends/cpu/schedule.h"

#include <algorithm>

namespace tessera::cpu {
namespace {

bool waits_for(const Step& reader, const Read& read, const Step& writer) {
  if (writer.serial) return false;
  return reader.serial || read.reach == Reach::whole || writer.domain != reader.domain;
}

std::vector<size_t> assign_passes(const Program& program) {
  std::vector<std::vector<size_t>> writers(program.values.size());  // by root
  std::vector<size_t> pass_of(program.steps.size(), 0);
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = *program.steps[i];
    for (const Read& read : step.reads) {
      for (size_t w : writers[program.values[read.value].root]) {
        const size_t wait = waits_for(step, read, *program.steps[w]) ? 1 : 0;
        pass_of[i] = std::max(pass_of[i], pass_of[w] + wait);
      }
    }
    for (ValueId value : step.writes) writers[program.values[value].root].push_back(i);
  }
  return pass_of;
}

Group& group_for(Pass& pass, const Domain& domain) {
  for (Group& group : pass.groups) {
    if (group.domain == domain) return group;
  }
  pass.groups.push_back({.domain = domain, .steps = {}, .fetches = {}, .fetcher = 0});
  return pass.groups.back();
}

}  // namespace

Schedule make_schedule(const Program& program) {
  Schedule schedule;
  schedule.pass_of = assign_passes(program);
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const size_t p = schedule.pass_of[i];
    if (p >= schedule.passes.size()) schedule.passes.resize(p + 1);
    const Step* const step = program.steps[i].get();
    if (step->serial) {
      schedule.passes[p].serial.push_back(step);
    } else {
      group_for(schedule.passes[p], step->domain).steps.push_back(step);
    }
  }
  for (size_t p = 0; p < schedule.passes.size(); ++p) schedule.passes[p].backwards = p % 2 == 1;
  return schedule;
}

}  // namespace tessera::cpu
