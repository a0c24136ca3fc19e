//! What somebody may have meant to write.

/// The known name that is nearest to an unknown one, if it is near enough to be meant: a third of its letters
/// or fewer are to be changed, added or left out.
pub(crate) fn closest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let near = known.into_iter().map(|name| (distance(unknown, name), name)).min()?;
    (near.0 <= unknown.chars().count().div_ceil(3)).then_some(near.1)
}

/// `; did you mean …?`, or nothing.
pub(crate) fn did_you_mean<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    closest(unknown, known).map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

/// How many letters to change, add or leave out (Levenshtein's edit distance).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["audience", "entry", "limits", "exit_on"];
        assert_eq!(closest("audiense", known), Some("audience"));
        assert_eq!(closest("limit", known), Some("limits"));
        assert_eq!(closest("exit-on", known), Some("exit_on"));
        assert_eq!(closest("template", known), None);
        assert_eq!(closest("名", known), None);
    }
}
