use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait for a slow reader of the log before more are dropped.
const QUEUE: usize = 8_192;

/// How long the process stays for the last lines to be written.
const FLUSH: Duration = Duration::from_secs(1);

/// Hands lines to a thread of their own, which writes them.
///
/// Whoever logs never waits: a log that is not read (a stopped pager, a full disk, a closed pipe)
/// must not stop a stream. Lines that do not fit are dropped and counted in
/// `afterclick_log_lines_dropped_total`; a failed write is let go, as there is nowhere to tell of it.
#[derive(Debug, Clone)]
pub(super) struct Lines(SyncSender<Item>);

#[derive(Debug)]
enum Item {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

impl Lines {
    /// Starts a thread that writes to `output`.
    pub(super) fn to(output: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(output, &receiver))?;
        Ok(Self(sender))
    }

    /// Waits until all earlier lines are written, or [`FLUSH`] is over.
    pub(super) fn flush(&self) {
        let (done, written) = sync_channel(1);
        // A full queue is one that nobody reads; there is nothing to wait for.
        if self.0.try_send(Item::Flush(done)).is_ok() {
            let _written_or_given_up = written.recv_timeout(FLUSH);
        }
    }
}

fn write_all(mut output: impl Write, items: &Receiver<Item>) {
    for item in items {
        match item {
            Item::Line(line) => {
                let _nowhere_to_tell = output.write_all(&line);
            }
            Item::Flush(done) => {
                let _nowhere_to_tell = output.flush();
                let _nobody_waits_any_more = done.try_send(());
            }
        }
    }
}

impl Write for Lines {
    /// Takes one event, which stays one line whatever its values contain.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if let Err(TrySendError::Full(_)) = self.0.try_send(Item::Line(one_line(event))) {
            ::metrics::counter!("afterclick_log_lines_dropped_total").increment(1);
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// `event` with its inner line breaks written out, so that no value can forge a line of the log.
fn one_line(event: &[u8]) -> Vec<u8> {
    let body = event.strip_suffix(b"\n").unwrap_or(event);
    let mut line = Vec::with_capacity(event.len() + 1);
    for byte in body {
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            byte => line.push(*byte),
        }
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Debug, Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// An output that takes nothing until it is released.
    struct Stalled(Receiver<()>);

    impl Write for Stalled {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            let _released = self.0.recv();
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn s15_an_event_is_one_line_whatever_it_holds() {
        let page = Page::default();
        let mut lines = Lines::to(page.clone()).unwrap();

        lines.write_all(b"user said \"hi\r\nERROR forged\"\n").unwrap();
        lines.flush();

        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "user said \"hi\\r\\nERROR forged\"\n");
    }

    #[test]
    fn r13_a_log_that_nobody_reads_holds_nobody_up() {
        let (release, released) = sync_channel(1);
        let mut lines = Lines::to(Stalled(released)).unwrap();

        for _ in 0..QUEUE * 2 {
            lines.write_all(b"a line\n").unwrap();
        }

        drop(release);
    }
}
