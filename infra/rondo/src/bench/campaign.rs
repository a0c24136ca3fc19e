//! The campaign of the main benchmark.

/// A view that no order of the same person follows within half an hour of event time; each view counts.
pub const UNANSWERED_VIEW: &str = "\
name: unanswered-view
description: A product view that no order follows within half an hour
entry: { event: Product Viewed, reentry: each }
exit_on: [ { event: Order Completed } ]
steps:
  - wait: 30m
  - send: reminder
    channel: email
    subject: Still interested?
    template: view.txt
";
