//! The program as a service manager meets it: what it refuses, how fast, and in which words.

use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A wrong setting is told by then (`contract.md` §6).
const SOON: Duration = Duration::from_secs(3);

/// A secret that must never come back; long and odd enough to be taken for one.
const MARKED: &str = "M4rk3d-tT9xQ2vL7nB5kW8zR1cY6pH3-uD4fJ0";

/// The program in an empty folder, with no setting from our own environment.
fn afterclick(folder: &tempfile::TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterclick"));
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("AFTERCLICK_")) {
        command.env_remove(name);
    }
    command.args(arguments).env_remove("RUST_LOG").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// How it ended by itself within [`SOON`].
#[track_caller]
fn ended(command: &mut Command) -> Output {
    let mut child: Child = command.spawn().unwrap();
    let (done, ends) = mpsc::channel();
    let id = child.id();
    let watch = thread::spawn(move || {
        if ends.recv_timeout(SOON).is_err() {
            let _gone_already = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        }
    });
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
    if let Some(mut pipe) = child.stderr.take() {
        pipe.read_to_end(&mut stderr).unwrap();
    }
    let status = child.wait().unwrap();
    let _watch_gave_up = done.send(());
    watch.join().unwrap();
    assert!(status.code().is_some(), "it went on for longer than {SOON:?}");
    Output { status, stdout, stderr }
}

#[track_caller]
fn assert_refused(command: &mut Command, begins: &str) {
    let output = ended(command);

    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(line.starts_with(&format!("afterclick: {begins}")), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(!line.contains(MARKED), "{line}");
    assert!(output.stdout.is_empty());
}

#[test]
fn s26_a_wrong_setting_ends_the_process_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("postgres://ana:{MARKED}@db.internal/x");
    let unknown = format!("mysql://ana:{MARKED}@db.internal/x");
    let bus = format!("nats://{MARKED}@10.0.0.7?x=1");
    let mail = format!("smtp://ana:{MARKED}@mail.internal?tls=none");
    let templates = tempfile::tempdir().unwrap();
    std::fs::write(templates.path().join("welcome.txt"), "hello").unwrap();
    let templates = templates.path().to_str().unwrap();
    for (arguments, begins) in [
        (["--database", &database], "--secret (AFTERCLICK_SECRET): needed with PostgreSQL"),
        (["--database", &unknown], "--database (AFTERCLICK_DATABASE_URL): write sqlite:PATH"),
        (["--secret", &MARKED[..20]], "--secret (AFTERCLICK_SECRET): write 32 bytes or more"),
        (["--bus", &bus], "--bus (AFTERCLICK_BUS_URL): after the ? there may be"),
        (["--mail", &mail], "--mail (AFTERCLICK_MAIL_URL): the password would travel"),
        (["--mail-templates", templates], "--mail-templates (AFTERCLICK_MAIL_TEMPLATES): "),
        (["--listen", "0.0.0.0:0"], "--public-url (AFTERCLICK_PUBLIC_URL): needed"),
        (["--public-url", "http://v.example.com"], "--public-url (AFTERCLICK_PUBLIC_URL): links"),
        (["--client-url", "*"], "--client-url (AFTERCLICK_CLIENT_URL): write each as"),
    ] {
        assert_refused(&mut afterclick(&folder, &arguments), begins);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "a refused start leaves nothing behind: {left:?}");
}

#[test]
fn s26_a_certificate_that_cannot_be_used_ends_it_too() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    std::fs::write(folder.path().join("marked.pem"), MARKED).unwrap();
    let marked = std::fs::File::open(folder.path().join("marked.pem")).unwrap();
    marked.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (cert, key) = ("--tls-cert (AFTERCLICK_TLS_CERT): ", "--tls-key (AFTERCLICK_TLS_KEY): ");

    for (files, begins, says) in [
        (["one.pem", "two.key"], key, "is not the key of the first certificate in one.pem"),
        (["one.key", "one.key"], cert, "has no certificate that can be read"),
        (["marked.pem", "one.key"], cert, "has no certificate that can be read"),
        (["one.pem", "marked.pem"], key, "there is nothing in marked.pem that can be read"),
    ] {
        for command in ["serve", "check-config"] {
            let pair = ["--tls-cert", files[0], "--tls-key", files[1]];
            let arguments = [&[command, "--listen", "127.0.0.1:0"][..], &pair].concat();
            assert_refused(&mut afterclick(&folder, &arguments), begins);
            let output = ended(&mut afterclick(&folder, &arguments));
            let line = String::from_utf8(output.stderr).unwrap();
            assert!(line.contains(says), "{line}");
        }
    }
    let fits = ["check-config", "--tls-cert", "one.pem", "--tls-key", "one.key"];
    let output = ended(&mut afterclick(&folder, &fits));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("https://127.0.0.1:8080") && text.contains("one.pem"), "{text}");
}

#[test]
fn s26_variables_are_held_to_the_same_rules() {
    let folder = tempfile::tempdir().unwrap();
    for (variable, value, begins) in [
        ("AFTERCLICK_SECRET", &MARKED[..20], "--secret (AFTERCLICK_SECRET): write 32 bytes"),
        ("AFTERCLICK_CLIENT_URL", "https://a.example,*", "--client-url (AFTERCLICK_CLIENT_URL): "),
        ("AFTERCLICK_TRUSTED_PROXY", "0.0.0.0/0", "--trusted-proxy (AFTERCLICK_TRUSTED_PROXY): "),
        ("RUST_LOG", "=,=", "RUST_LOG: "),
    ] {
        let mut command = afterclick(&folder, &["check-config"]);
        assert_refused(command.env(variable, value), begins);
    }
}

#[cfg(unix)]
#[test]
fn s26_a_kept_secret_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("afterclick.secret");
    std::fs::write(&path, MARKED).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();

    assert_refused(
        &mut afterclick(&folder, &["--database", "sqlite:afterclick.db"]),
        "--secret (AFTERCLICK_SECRET): others may read afterclick.secret",
    );
}

#[test]
fn a_flag_that_does_not_parse_is_claps_to_tell() {
    let folder = tempfile::tempdir().unwrap();

    for arguments in [["--heartbeat", "often"], ["--limit-log-in", "10"], ["--listen", "here"]] {
        let output = ended(&mut afterclick(&folder, &arguments));
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(arguments[0]));
    }
}

#[test]
fn help_and_check_config_show_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("postgres://ana:{MARKED}@db.internal/x");

    for (arguments, says) in
        [(["--help"], "AFTERCLICK_DATABASE_URL"), (["check-config"], "db.internal")]
    {
        let mut command = afterclick(&folder, &arguments);
        command.env("AFTERCLICK_SECRET", MARKED).env("AFTERCLICK_DATABASE_URL", &database);
        let output = ended(&mut command);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{:?}", String::from_utf8(output.stderr));
        assert!(text.contains(says) && !text.contains(MARKED), "{text}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "checking makes nothing: {left:?}");
}

#[test]
fn commands_say_what_was_asked_for_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = ended(&mut afterclick(&folder, arguments));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };

    let (code, checked, _) = run(&["check-config"]);
    assert_eq!(code, Some(0));
    assert!(checked.contains("127.0.0.1:8080") && checked.ends_with("Every setting is good.\n"));
    assert_eq!(run(&["migrate"]), (Some(0), String::new(), String::new()));
    assert_eq!(run(&["migrate"]), (Some(0), String::new(), String::new()), "nothing is left to do");
    let (code, token, told) = run(&["token", "--user", "ana", "--ttl", "5m"]);
    assert_eq!((code, token.lines().count(), token.split('.').count()), (Some(0), 1, 3), "{told}");
    let (code, _, told) = run(&["token", "--user", "ana", "--ttl", "31d"]);
    assert_eq!((code, told.lines().count()), (Some(2), 1), "{told}");
    let (code, _, told) = run(&["token", "--user", "a/b"]);
    assert_eq!(code, Some(2), "{told}");
    let (code, _, told) = run(&["keys", "revoke", "nothing"]);
    assert_eq!((code, told.lines().count()), (Some(1), 1), "{told}");
    assert!(told.starts_with("afterclick: there is no key of that id"), "{told}");
    assert_eq!(run(&["keys", "list"]), (Some(0), String::new(), String::new()));
    let (code, _, told) = run(&["keys", "create", "--name", "x", "--tenant", "A_b"]);
    assert_eq!(code, Some(2), "{told}");
}
