//! The models that are known, as data.

/// Known models.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {}

/// A file that is no catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct CatalogueError {
    /// Path as given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Catalogue {
    /// The catalogue that is built in.
    pub fn builtin() -> Self {
        Self {}
    }

    /// Adds the models of a file to this catalogue; an id that is there already is replaced field by field.
    /// `path` is only for messages, `text` is the file.
    ///
    /// # Errors
    /// For text that is no catalogue; names file and line.
    pub fn merge(self, _path: &str, _text: &str) -> Result<Self, CatalogueError> {
        Ok(self)
    }
}
