//! Rows of text in columns.

use std::fmt::Write;

/// Longest cell that is shown whole, in characters.
const MAX_CELL: usize = 48;

/// The rows, the first of them headings, with columns as wide as their widest cell; those at `right` are of numbers.
/// Control characters of names are shown as `?`, so that no event can steer the terminal.
pub fn table<const N: usize>(rows: &[[String; N]], right: &[usize]) -> String {
    let cell = |text: &String| -> String {
        let mut plain: String =
            text.chars().map(|c| if c.is_control() { '?' } else { c }).take(MAX_CELL).collect();
        if text.chars().nth(MAX_CELL).is_some() {
            plain.pop();
            plain.push('…');
        }
        plain
    };
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(cell)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, text) in row.iter().enumerate() {
            let width = widths[column];
            let space = if column == 0 { "" } else { "  " };
            _ = match right.contains(&column) {
                true => write!(line, "{space}{text:>width$}"),
                false => write!(line, "{space}{text:<width$}"),
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let rows = [["a", "n"], ["red\u{1b}[31m", "12"], ["ä", "3"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows, &[1]), "a          n\nred?[31m  12\nä          3\n");
        let long = table(&[["x".repeat(100)]], &[]);
        assert_eq!(long.chars().count(), MAX_CELL + 1);
    }
}
