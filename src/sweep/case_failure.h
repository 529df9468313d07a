// Why a case failed, in the words of vendors' logs: families, signatures.
#pragma once

#include <string>
#include <vector>

#include "sweep/case_result.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

CaseViolation case_violation(const Violation& violation);

// The family of a rule that a network breaks: "row_width" is "allocator_infeasible". The value
// tells a transposed convolution in groups from others.
std::string family_of(const Violation& violation);

// Of a network that does not fit: what a compiler refuses first. Its parser refuses operations and
// forms before an allocator sees rows; of rows, the widest.
CaseFailure failure_of(const CheckReport& report);
// The violation that failure_of() is about; null where there is none of this verdict.
const Violation* decisive_violation(const CheckReport& report, Verdict verdict);
// Of one that may fit: the question that is open.
std::string open_question(const CheckReport& report);

// The file or description is no network: family har_build.
CaseFailure import_failure(const Error& error);
// Calibration that the network cannot take: family bad_inputs_shape.
CaseFailure calibration_failure(const Error& error);
CaseFailure timeout_failure(double limit_s);
// Of any other error, with the family that its code suggests.
CaseFailure other_failure(const Error& error, const std::string& exception_type,
                          const std::string& family);

}  // namespace tessera
