//! The command line; times in milliseconds.

use std::time::Duration;

use lifespan::BoxError;

use super::app::Config;

pub(crate) struct Options {
    pub(crate) serve: bool,
    pub(crate) config: Config,
}

impl Options {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut options = Options {
            serve: false,
            config: Config { port: 0, patience: Duration::from_secs(3), fail: None },
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                "--serve" => options.serve = true,
                "--port" => options.config.port = value()?.parse()?,
                "--patience" => options.config.patience = Duration::from_millis(value()?.parse()?),
                "--fail" => options.config.fail = Some(value()?),
                _ => return Err(format!("unknown option `{word}`").into()),
            }
        }
        Ok(options)
    }
}
