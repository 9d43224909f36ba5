//! Every setting once: flag, variable, default, unit, reason.
