use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use Kind::{Counter, Gauge, Histogram};

/// What kind of metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric: its name, kind, the label whose values are known beforehand, and what it tells.
pub(super) struct Metric {
    pub(super) name: &'static str,
    kind: Kind,
    label: Option<(&'static str, &'static [&'static str])>,
    help: &'static str,
}

const fn metric(
    name: &'static str,
    kind: Kind,
    label: Option<(&'static str, &'static [&'static str])>,
    help: &'static str,
) -> Metric {
    Metric { name, kind, label, help }
}

const TRANSPORTS: Option<(&str, &[&str])> = Some(("transport", &["sse", "poll"]));

/// Every metric of the service.
pub(super) const CATALOGUE: [Metric; 34] = [
    metric("afterclick_build_info", Gauge, None, "1; the version is its label."),
    metric("afterclick_requests_total", Counter, None, "Requests answered, by route and status."),
    metric("afterclick_panics_total", Counter, None, "Requests that ended in a panic of ours."),
    metric(
        "afterclick_log_lines_dropped_total",
        Counter,
        None,
        "Lines of the log that nobody read in time.",
    ),
    metric(
        "afterclick_tls_certificate_expires_timestamp_seconds",
        Gauge,
        None,
        "When the certificate of --tls-cert expires, in Unix time; 0 where there is none.",
    ),
    metric(
        "afterclick_tls_reads_total",
        Counter,
        Some(("outcome", &["taken", "refused"])),
        "Times that the certificate and its key were read again, and whether they were good.",
    ),
    metric("afterclick_sign_ups_total", Counter, None, "Sign-ups taken."),
    metric(
        "afterclick_log_ins_total",
        Counter,
        Some(("outcome", &["granted", "refused"])),
        "Log-ins tried.",
    ),
    metric(
        "afterclick_key_reads_total",
        Counter,
        Some(("outcome", &["taken", "refused"])),
        "Times that the files with keys of access tokens were read again, and whether they were good.",
    ),
    metric(
        "afterclick_clicks_total",
        Counter,
        Some(("outcome", &["verified", "already", "expired", "needs_password", "unknown"])),
        "Presses of the button behind a mailed link, and what they did.",
    ),
    metric(
        "afterclick_codes_total",
        Counter,
        Some(("outcome", &["verified", "already", "wrong", "too_many"])),
        "Codes typed, and what they did.",
    ),
    metric(
        "afterclick_link_views_total",
        Counter,
        Some(("by", &["person", "scanner"])),
        "Looks at the page behind a mailed link, which change nothing. What does not look like a \
         browser that somebody navigates counts as a scanner.",
    ),
    metric(
        "afterclick_denials_total",
        Counter,
        Some(("outcome", &["removed", "left_alone"])),
        "People who said that an account was not theirs.",
    ),
    metric(
        "afterclick_password_resets_total",
        Counter,
        Some(("step", &["asked", "done"])),
        "Forgotten passwords.",
    ),
    metric(
        "afterclick_limits_hit_total",
        Counter,
        Some(("limit", &["log_in", "sign_up", "password_reset", "password", "resend", "code"])),
        "Requests refused because there were too many.",
    ),
    metric(
        "afterclick_mails_total",
        Counter,
        Some(("outcome", &["delivered", "put_off", "refused", "given_up"])),
        "Tries to deliver a mail, and how they ended.",
    ),
    metric(
        "afterclick_mail_queue",
        Gauge,
        Some(("state", &["waiting", "given_up"])),
        "Mails in the queue, which all nodes share.",
    ),
    metric(
        "afterclick_mail_oldest_seconds",
        Gauge,
        None,
        "How long the oldest mail has waited; 0 where none waits.",
    ),
    metric("afterclick_mail_server_up", Gauge, None, "1 where the mail server answers, else 0."),
    metric(
        "afterclick_webhook_tries_total",
        Counter,
        Some(("outcome", &["delivered", "put_off", "given_up", "gone"])),
        "Tries to deliver a message to a webhook, and how they ended.",
    ),
    metric(
        "afterclick_webhook_queue",
        Gauge,
        Some(("state", &["waiting", "given_up"])),
        "Messages to webhooks, which all nodes share.",
    ),
    metric(
        "afterclick_webhook_oldest_seconds",
        Gauge,
        None,
        "How long the oldest message to a webhook has waited; 0 where none waits.",
    ),
    metric(
        "afterclick_webhook_answer_seconds",
        Histogram,
        None,
        "From the sending of a message to a webhook until its answer, or until there was none.",
    ),
    metric("afterclick_bus_up", Gauge, None, "1 where the bus between nodes is connected, else 0."),
    metric("afterclick_bus_nodes", Gauge, None, "Other nodes heard of over the bus lately."),
    metric(
        "afterclick_bus_messages_total",
        Counter,
        Some(("outcome", &["sent", "received", "dropped", "ignored"])),
        "Messages between nodes. Dropped: the bus was away or full. Ignored: not of this \
         installation, or of another version.",
    ),
    metric("afterclick_streams_open", Gauge, None, "Streams open on this node."),
    metric("afterclick_polls_open", Gauge, None, "Polls parked on this node."),
    metric("afterclick_changes_total", Counter, None, "Changes that this node has heard of."),
    metric("afterclick_deliveries_total", Counter, TRANSPORTS, "Changes written to clients."),
    metric(
        "afterclick_gap_snapshots_total",
        Counter,
        None,
        "Readers brought to the present by a snapshot, because they were too slow.",
    ),
    metric(
        "afterclick_goodbyes_total",
        Counter,
        Some((
            "code",
            &[
                "draining",
                "max_age",
                "token_expired",
                "overloaded",
                "unavailable",
                "session_revoked",
                "user_deleted",
                "too_many_streams",
                "disconnected",
            ],
        )),
        "Streams ended by us, and why.",
    ),
    metric(
        "afterclick_commit_to_write_seconds",
        Histogram,
        TRANSPORTS,
        "From a change's commit until one client was written.",
    ),
    metric(
        "afterclick_commit_to_last_stream_seconds",
        Histogram,
        None,
        "From a change's commit until every stream of its user on this node was written.",
    ),
];

/// Describes every metric, and begins those whose labels are known at zero, so that a rule or a
/// dashboard finds them before the first event.
pub(super) fn begin() {
    for Metric { name, kind, label, help } in CATALOGUE {
        match kind {
            Counter => describe_counter!(name, help),
            Gauge => describe_gauge!(name, help),
            Histogram => describe_histogram!(name, Unit::Seconds, help),
        }
        let (key, values) = label.unwrap_or(("", &[]));
        for value in values {
            match kind {
                Counter => counter!(name, key => *value).absolute(0),
                Gauge => gauge!(name, key => *value).set(0),
                Histogram => drop(histogram!(name, key => *value)),
            }
        }
        // That of requests has labels that nobody knows beforehand.
        if label.is_none() && name != "afterclick_requests_total" {
            match kind {
                Counter => counter!(name).absolute(0),
                Gauge if name == "afterclick_build_info" => {
                    gauge!(name, "version" => env!("CARGO_PKG_VERSION")).set(1);
                }
                Gauge => gauge!(name).set(0),
                Histogram => drop(histogram!(name)),
            }
        }
    }
}
