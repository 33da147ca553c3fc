#pragma once

#include "transports/seam/exchange/exchange.hpp"

namespace aps {

/// Answers as the mapping of an exchange says (`config::fixed_answer`); what
/// comes of a body is dropped. Thread: the exchange's unit.
/// Precondition: the mapping has an answer.
void answer_here(const exchange_ptr& exchange);

} // namespace aps
