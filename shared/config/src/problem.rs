//! Mistakes in hand-written files.

use std::fmt;
use std::path::{Path, PathBuf};

/// One mistake: the file, the place (from 1; 0 where it is the file as a whole), and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    pub line: u64,
    pub column: u64,
    pub message: String,
}

impl Problem {
    pub fn new(file: &Path, line: u64, column: u64, message: impl Into<String>) -> Problem {
        Problem { file: file.to_owned(), line, column, message: message.into() }
    }

    /// A mistake that the YAML reader found.
    pub fn of_yaml(file: &Path, error: &serde_saphyr::Error) -> Problem {
        let at = error.location();
        let text = error.without_snippet().to_string();
        let message = text.lines().next().unwrap_or_default().split(" at line ").next().unwrap_or_default();
        Problem::new(file, at.map_or(1, |at| at.line()), at.map_or(1, |at| at.column()), message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column.max(1))?;
        }
        write!(f, ": {}", self.message)
    }
}

/// All mistakes of a configuration.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn add(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Takes over another's mistakes.
    pub fn append(&mut self, others: Problems) {
        self.0.extend(others.0);
    }

    /// The same, of files that lie below a folder.
    pub fn below(mut self, folder: &Path) -> Problems {
        for problem in &mut self.0 {
            problem.file = folder.join(&problem.file);
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if n > 0 { "\n" } else { "" })?;
        }
        Ok(())
    }
}
