//! The command line: which commands there are, and how it comes together with environment and file.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::check;
use crate::commands::Task;
use crate::config::{
    self, Cluster, Config, ConfigFile, DataOption, Environment, EnvironmentError, FileError, InForce, Layers,
};
use crate::handover;

/// What `--config` is called in the environment.
const CONFIG_VARIABLE: &str = "PARLOR_CONFIG";

/// A chat server. Started without anything, it serves the chat and its page on http://127.0.0.1:8080.
#[derive(Debug, Parser)]
#[command(
    name = "parlor",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Every setting has the same name in the environment (--max-text is PARLOR_MAX_TEXT) and in parlor.toml."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Subcommands>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Serves the chat and its page. It is what happens without a command, too.
    Serve(Options),
    /// Shows the settings that are in force, and where each comes from.
    Config(ConfigOptions),
    /// Looks into the log: all that happened, in order. Works while the server runs.
    #[command(subcommand)]
    Log(LogCommand),
    /// Writes everything of one moment to a file, also while the server runs, and reads it back. The search index is
    /// not in it, for it can be made anew.
    Backup {
        /// The file, which must not be there yet.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Makes a data folder from a backup.
    Restore {
        /// The backup.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Has the running server succeeded, while people talk, by the program that stands now where it was started from:
    /// after a new version was installed, or the settings were changed. Nobody is turned away, and everybody who is
    /// connected comes back within a few seconds.
    Upgrade {
        /// Another program that is to succeed it.
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Does what only whoever runs the server may.
    #[command(subcommand)]
    Admin(AdminCommand),
    // What it does is said where its options are.
    Check(Box<check::Options>),
}

#[derive(Debug, Subcommand)]
enum LogCommand {
    /// Prints a line for each entry.
    Show {
        /// The first entry to print.
        #[arg(long, value_name = "POSITION")]
        from: Option<u64>,
        /// The last entry to print.
        #[arg(long, value_name = "POSITION")]
        to: Option<u64>,
        #[command(flatten)]
        place: Place,
    },
    /// Checks that the file is in order, that no entry is missing, that every room counts without a gap, and that
    /// replaying the log comes to the same state. For the time of it, the data folder takes twice the space.
    Verify {
        #[command(flatten)]
        place: Place,
    },
    /// Writes the log as JSON Lines.
    Export {
        /// A file, which must not be there yet. Without it, the lines go to standard output.
        file: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Makes a data folder from an exported log. With --cluster, it is that of a node, and all goes into a space of the
    /// cluster in which nothing is yet.
    Replay {
        /// What `parlor log export` wrote.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        cluster: Box<Cluster>,
    },
    /// Puts back what the servers of a cluster have lost, from the data folder of the node that has most. No node may run
    /// meanwhile.
    Heal {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        cluster: Box<Cluster>,
    },
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Prints a link that lets somebody in again who has lost what they sign in with. Works while the server runs.
    Reset {
        /// What they are called.
        name: String,
        /// Where the server is reached, for the link to begin with.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
        url: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Which data folder is meant.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    file: FileOption,
    #[command(flatten)]
    data: DataOption,
}

#[derive(Debug, Args)]
struct Options {
    #[command(flatten)]
    file: FileOption,
    #[command(flatten)]
    config: Config,
}

#[derive(Debug, Args)]
struct FileOption {
    /// The configuration file, in the environment PARLOR_CONFIG. Without it, parlor.toml in the working directory is
    /// read if it is there.
    #[arg(id = "config", long = "config", value_name = "FILE")]
    path: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct ConfigOptions {
    /// Prints a file instead in which everything that can be set stands, explained and with its default.
    #[arg(long)]
    example: bool,
    #[command(flatten)]
    options: Options,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Command {
    /// Serve with these settings.
    Serve(Box<Config>),
    /// Print a text.
    Print(String),
    /// Do something with a data folder beside the server.
    Data(Task),
    /// Check a server.
    Check(Box<check::Options>),
}

/// Why it is not known what is to be done.
#[derive(Debug)]
pub(crate) enum CommandLineError {
    /// The arguments are wrong, or ask for help; clap says it best.
    Usage(clap::Error),
    Environment(EnvironmentError),
    File(FileError),
}

impl fmt::Display for CommandLineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandLineError::Usage(error) => error.fmt(f),
            CommandLineError::Environment(error) => error.fmt(f),
            CommandLineError::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CommandLineError {}

/// What these arguments, the first of which is the program's own name, ask for in this environment.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
) -> Result<Command, CommandLineError> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // First what the command line says alone: help, mistakes in it, where the file is.
    let matches = CommandLine::command().try_get_matches_from(&arguments).map_err(CommandLineError::Usage)?;
    if innermost(&matches).try_get_one("example").ok().flatten() == Some(&true) {
        // Useful above all where the settings are not in order.
        return Ok(Command::Print(config::example()));
    }
    let file = file(&matches, environment)?;
    let layers = Layers::new(environment, &[CONFIG_VARIABLE, handover::VARIABLE], file)
        .map_err(CommandLineError::Environment)?;
    let matches = layers.under(CommandLine::command()).try_get_matches_from(&arguments);
    let matches = matches.map_err(CommandLineError::Usage)?;
    let command_line = CommandLine::from_arg_matches(&matches).map_err(CommandLineError::Usage)?;
    let serve = |config| Command::Serve(Box::new(Config { providers: layers.providers.clone(), ..config }));
    Ok(match command_line.command {
        None => serve(command_line.options.config),
        Some(Subcommands::Serve(options)) => serve(options.config),
        Some(Subcommands::Check(options)) => Command::Check(options),
        Some(Subcommands::Config(_)) => {
            Command::Print(InForce::new(innermost(&matches), &layers).to_string())
        }
        Some(Subcommands::Log(command)) => Command::Data(log(command)),
        Some(Subcommands::Admin(AdminCommand::Reset { name, url, place })) => {
            Command::Data(Task::Reset { data: place.data.folder, name, url })
        }
        Some(Subcommands::Upgrade { program, place }) => {
            Command::Data(Task::Upgrade { data: place.data.folder, program })
        }
        Some(Subcommands::Backup { file, place }) => {
            Command::Data(Task::Backup { data: place.data.folder, file })
        }
        Some(Subcommands::Restore { file, place }) => {
            Command::Data(Task::Restore { file, data: place.data.folder })
        }
    })
}

fn log(command: LogCommand) -> Task {
    match command {
        LogCommand::Show { from, to, place } => Task::Show { data: place.data.folder, from, to },
        LogCommand::Verify { place } => Task::Verify { data: place.data.folder },
        LogCommand::Export { file, place } => Task::Export { data: place.data.folder, file },
        LogCommand::Replay { file, place, cluster } => {
            Task::Replay { file, data: place.data.folder, cluster }
        }
        LogCommand::Heal { place, cluster } => Task::Heal { data: place.data.folder, cluster },
    }
}

/// The file that is named, or the one that is read unasked if it is there.
fn file(matches: &ArgMatches, environment: &Environment) -> Result<Option<ConfigFile>, CommandLineError> {
    let named = innermost(matches).try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let named = named.or_else(|| environment.get(CONFIG_VARIABLE).map(PathBuf::from));
    let path = match named {
        Some(path) => path,
        None if Path::new(config::FILE).exists() => config::FILE.into(),
        None => return Ok(None),
    };
    ConfigFile::read(&path).map(Some).map_err(CommandLineError::File)
}

/// What was given to the command itself, however deep it stands.
fn innermost(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, matches)| innermost(matches))
}

#[cfg(test)]
mod tests;
