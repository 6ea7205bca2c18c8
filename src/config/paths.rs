//! Where things live on this machine.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use super::{ConfigError, Environment};

/// The configuration file: `$BACKCHAT_CONFIG`, or `backchat/config.toml` in the user's
/// configuration directory.
///
/// # Errors
///
/// When the user has no home directory.
pub fn config_file(env: Environment<'_>) -> Result<PathBuf, ConfigError> {
    if let Some(path) = set(env, "BACKCHAT_CONFIG") {
        return Ok(path);
    }
    if let Some(directory) = set(env, "XDG_CONFIG_HOME") {
        return Ok(directory.join("backchat/config.toml"));
    }
    Ok(strategy()?.config_dir().join("backchat/config.toml"))
}

/// The state directory, which holds the database and the logs: `$BACKCHAT_STATE_DIR`, or `backchat`
/// in the user's state directory.
///
/// # Errors
///
/// When the user has no home directory.
pub fn state_dir(env: Environment<'_>) -> Result<PathBuf, ConfigError> {
    if let Some(path) = set(env, "BACKCHAT_STATE_DIR") {
        return Ok(path);
    }
    if let Some(directory) = set(env, "XDG_STATE_HOME") {
        return Ok(directory.join("backchat"));
    }
    let strategy = strategy()?;
    let directory = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Ok(directory.join("backchat"))
}

/// The cache directory, which holds what can be downloaded again: `$BACKCHAT_CACHE_DIR`, or
/// `backchat` in the user's cache directory.
///
/// # Errors
///
/// When the user has no home directory.
pub fn cache_dir(env: Environment<'_>) -> Result<PathBuf, ConfigError> {
    if let Some(path) = set(env, "BACKCHAT_CACHE_DIR") {
        return Ok(path);
    }
    if let Some(directory) = set(env, "XDG_CACHE_HOME") {
        return Ok(directory.join("backchat"));
    }
    Ok(strategy()?.cache_dir().join("backchat"))
}

fn set(env: Environment<'_>, name: &str) -> Option<PathBuf> {
    env(name).filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn strategy() -> Result<impl etcetera::BaseStrategy, ConfigError> {
    etcetera::choose_base_strategy().map_err(|error| ConfigError {
        path: PathBuf::from("~"),
        line: None,
        message: format!("{error}; set BACKCHAT_CONFIG and BACKCHAT_STATE_DIR"),
    })
}
