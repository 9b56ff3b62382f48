//! What can be typed: commands, options, and their environment variables.

mod limits;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use limits::{NodeLimits, TrackerLimits};
pub(crate) use values::{HostPort, SeedFor};

/// samara: put a file on every machine, by its SHA-256
#[derive(Debug, Parser)]
#[command(name = "samara", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Every option is also an environment variable: --limit-up is SAMARA_LIMIT_UP.\n\
    Exit codes: 0 ok, 1 other, 2 usage, 3 unknown at every tracker, 4 no holder passed Test, 5 integrity,\n\
    6 no tracker reachable, 7 denied, 8 stalled or timed out, 9 disk, 10 target exists and differs,\n\
    130/143 stopped by a signal.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes, before or after its name.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Global {
    /// Print results and events as JSON, one object a line, on stdout
    #[arg(long, global = true, env = "SAMARA_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
    /// How to show progress; auto: a bar on a terminal, else one line each 10 s, or JSON with --json
    #[arg(long, global = true, env = "SAMARA_PROGRESS", value_enum, default_value_t, value_name = "HOW")]
    pub(crate) progress: ProgressKind,
    /// Print errors only on stderr
    #[arg(short, long, global = true, env = "SAMARA_QUIET", value_parser = FalseyValueParser::new())]
    pub(crate) quiet: bool,
    /// Log more on stderr; -vv and -vvv still more
    #[arg(short, long, global = true, env = "SAMARA_VERBOSE", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How to write the log
    #[arg(
        long,
        global = true,
        env = "SAMARA_LOG_FORMAT",
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: LogFormat,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressKind {
    /// A bar on a terminal, events with `--json`, else plain lines
    #[default]
    Auto,
    /// A bar
    Bar,
    /// One line each 10 s
    Plain,
    /// JSON events: on stdout with `--json`, else on stderr
    Json,
    /// Not at all
    None,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a tracker: it knows who holds what, and never touches a file
    Tracker(TrackerArgs),
    /// Hash files, announce them and serve them; prints the line that gets them
    Seed(SeedArgs),
    /// A tracker and a seeder in one process; prints the line that gets the files
    Share(ShareArgs),
    /// Get a file by its SHA-256, a samara: link or a seed file
    Get(Box<GetArgs>),
    /// Serve whole folders for a long time
    Node(NodeArgs),
    /// Make a seed file
    Create(CreateArgs),
    /// Show what is in a seed file
    Show(ShowArgs),
    /// Check a file against a seed file or a SHA-256
    Verify(VerifyArgs),
    /// List what trackers know
    Ls(LsArgs),
    /// List who holds a file
    Peers(PeersArgs),
    /// Watch it work: a tracker, three nodes (one stale, one corrupting), a real download
    Demo(DemoArgs),
    /// Measure this machine: disk, hashing, network, and a download through all of them
    Bench(BenchArgs),
    /// Print a shell's completion script
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TrackerArgs {
    /// Where to listen
    #[arg(long, env = "SAMARA_LISTEN", default_value = "0.0.0.0:7070", value_name = "HOST:PORT")]
    pub(crate) listen: HostPort,
    /// How long a holder is handed out after it was last heard of
    #[arg(long, env = "SAMARA_TTL", default_value = "60s", value_parser = values::span, value_name = "TIME")]
    pub(crate) ttl: Duration,
    /// How often nodes announce [default: 20s, or a third of a shorter --ttl]
    #[arg(long, env = "SAMARA_INTERVAL", value_parser = values::span, value_name = "TIME")]
    pub(crate) interval: Option<Duration>,
    /// Serve metrics for Prometheus over HTTP here
    #[arg(long, env = "SAMARA_METRICS", value_name = "HOST:PORT")]
    pub(crate) metrics: Option<HostPort>,
    /// Networks whose nodes may announce another address than their own
    #[arg(long, env = "SAMARA_TRUST_ADVERTISED", value_delimiter = ',', value_parser = values::cidr, value_name = "CIDR")]
    pub(crate) trust_advertised: Vec<(std::net::IpAddr, u8)>,
    #[command(flatten)]
    pub(crate) record: Record,
    #[command(flatten)]
    pub(crate) limits: TrackerLimits,
}

/// How a node is reached, and how much it gives.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serving {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "SAMARA_LISTEN", default_value = "0.0.0.0:0", value_name = "HOST:PORT")]
    pub(crate) listen: HostPort,
    /// Trackers to announce to and ask; may be given several times
    #[arg(long = "tracker", env = "SAMARA_TRACKER", value_delimiter = ',', value_name = "HOST:PORT")]
    pub(crate) trackers: Vec<HostPort>,
    #[command(flatten)]
    pub(crate) record: Record,
    #[command(flatten)]
    pub(crate) giving: Giving,
}

/// Is what happens to be taken down?
#[derive(Clone, Debug, Args)]
pub(crate) struct Record {
    /// Write what happens to this process into a new file, for 'samara-sim replay'
    #[arg(long = "record", env = "SAMARA_RECORD", value_name = "FILE")]
    pub(crate) path: Option<PathBuf>,
}

/// How much a node gives.
#[derive(Clone, Debug, Args)]
pub(crate) struct Giving {
    /// Bytes per second sent, in all; 0: no limit
    #[arg(long, env = "SAMARA_LIMIT_UP", default_value = "0", value_parser = values::rate, value_name = "RATE")]
    pub(crate) limit_up: u64,
    /// Announce this address instead of the one that trackers see (they have to trust it)
    #[arg(long, env = "SAMARA_ADVERTISE", value_parser = values::reachable, value_name = "IP:PORT")]
    pub(crate) advertise: Option<SocketAddr>,
    /// TCP congestion control of connections, such as reno [default: the system's]
    #[arg(long, env = "SAMARA_CONGESTION", value_name = "NAME")]
    pub(crate) congestion: Option<String>,
    #[command(flatten)]
    pub(crate) limits: NodeLimits,
}

#[derive(Debug, Args)]
pub(crate) struct SeedArgs {
    /// Files, or folders: every regular file below one
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Also write a seed file (of a single file)
    #[arg(short, long, env = "SAMARA_OUTPUT", value_name = "FILE.seed")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a seed file that differs
    #[arg(long, env = "SAMARA_OVERWRITE", value_parser = FalseyValueParser::new())]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) serving: Serving,
}

#[derive(Debug, Args)]
pub(crate) struct ShareArgs {
    /// Files, or folders: every regular file below one
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Where the tracker listens [default: 0.0.0.0:7070, or a free port if that one is taken]
    #[arg(long, env = "SAMARA_LISTEN", value_name = "HOST:PORT")]
    pub(crate) listen: Option<HostPort>,
    /// Where the seeder listens [default: a free port of the tracker's address]
    #[arg(long, env = "SAMARA_NODE_LISTEN", value_name = "HOST:PORT")]
    pub(crate) node_listen: Option<HostPort>,
    /// The name or address under which others reach this machine [default: found by itself]
    #[arg(long, env = "SAMARA_LINK_HOST", value_name = "HOST")]
    pub(crate) link_host: Option<String>,
    #[command(flatten)]
    pub(crate) giving: Giving,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// sha256:HEX, HEX, samara:LINK or FILE.seed
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// Where to put the file: a file name or a folder [default: the name from the link or seed file, else the hash]
    #[arg(short, long, env = "SAMARA_OUTPUT", value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Peers to ask, besides those that trackers name; may be given several times
    #[arg(long = "peer", env = "SAMARA_PEER", value_delimiter = ',', value_name = "HOST:PORT")]
    pub(crate) peers: Vec<HostPort>,
    /// How long to go on seeding afterwards: never, a time such as 10m, or forever
    #[arg(long, env = "SAMARA_SEED_FOR", default_value = "never", value_name = "HOW LONG")]
    pub(crate) seed_for: SeedFor,
    /// Bytes per second received, in all; 0: no limit
    #[arg(long, env = "SAMARA_LIMIT", default_value = "0", value_parser = values::rate, value_name = "RATE")]
    pub(crate) limit: u64,
    /// Give up after so long
    #[arg(long, env = "SAMARA_TIMEOUT", value_parser = values::span, value_name = "TIME")]
    pub(crate) timeout: Option<Duration>,
    /// Give up when nothing new has come for so long
    #[arg(long, env = "SAMARA_STALL_TIMEOUT", default_value = "60s", value_parser = values::span, value_name = "TIME")]
    pub(crate) stall_timeout: Duration,
    /// Replace a file that differs
    #[arg(long, env = "SAMARA_OVERWRITE", value_parser = FalseyValueParser::new())]
    pub(crate) overwrite: bool,
    /// Peers to keep connected; 0: no cap
    #[arg(long, env = "SAMARA_MAX_NEIGHBOURS", default_value_t = 20, value_name = "N")]
    pub(crate) max_neighbours: u16,
    /// Bytes requested and not yet stored; 0: no cap
    #[arg(long, env = "SAMARA_MAX_IN_FLIGHT", default_value = "24MiB", value_parser = values::size, value_name = "SIZE")]
    pub(crate) max_in_flight: u64,
    #[command(flatten)]
    pub(crate) serving: Serving,
}

#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// Folders: every regular file below them
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folders: Vec<PathBuf>,
    /// Look for new, changed and deleted files every few seconds
    #[arg(long, env = "SAMARA_WATCH", value_parser = FalseyValueParser::new())]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) serving: Serving,
}

#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The file
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Where to put the seed file [default: PATH.seed]
    #[arg(short, long, env = "SAMARA_OUTPUT", value_name = "FILE.seed")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a seed file that differs
    #[arg(long, env = "SAMARA_OVERWRITE", value_parser = FalseyValueParser::new())]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The seed file
    #[arg(value_name = "FILE.seed")]
    pub(crate) seed: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// FILE.seed, sha256:HEX or HEX
    #[arg(value_name = "FILE.seed|sha256:HEX")]
    pub(crate) against: String,
    /// The file
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct LsArgs {
    /// Trackers to ask; may be given several times
    #[arg(
        long = "tracker",
        env = "SAMARA_TRACKER",
        value_delimiter = ',',
        default_value = "127.0.0.1:7070",
        value_name = "HOST:PORT"
    )]
    pub(crate) trackers: Vec<HostPort>,
}

#[derive(Debug, Args)]
pub(crate) struct PeersArgs {
    /// sha256:HEX, HEX, samara:LINK or FILE.seed
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// Trackers to ask; may be given several times [default: the link's, else 127.0.0.1:7070]
    #[arg(long = "tracker", env = "SAMARA_TRACKER", value_delimiter = ',', value_name = "HOST:PORT")]
    pub(crate) trackers: Vec<HostPort>,
    /// Ask each holder whether it really still has the file
    #[arg(long, env = "SAMARA_TEST", value_parser = FalseyValueParser::new())]
    pub(crate) test: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The file to send around [default: one is made]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Bytes to make, hash and download
    #[arg(long, env = "SAMARA_SIZE", default_value = "1GiB", value_parser = values::size, value_name = "SIZE")]
    pub(crate) size: u64,
    /// On which disk; twice the size is needed [default: the system's folder for temporary files]
    #[arg(long, env = "SAMARA_DIR", value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_is_also_an_environment_variable() {
        for command in Cli::command().get_subcommands() {
            for option in command
                .get_arguments()
                .filter(|a| a.get_long().is_some_and(|l| l != "help" && l != "version"))
            {
                let long = option.get_long().unwrap_or_default();
                let expected = format!("SAMARA_{}", long.to_uppercase().replace('-', "_"));
                let env = option.get_env().and_then(|env| env.to_str());
                assert_eq!(env, Some(expected.as_str()), "--{long} of {}", command.get_name());
            }
        }
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in ["samara --json -q ls", "samara ls --json -q"] {
            let cli = Cli::parse_from(line.split(' '));
            assert!(cli.global.json && cli.global.quiet);
        }
    }
}
