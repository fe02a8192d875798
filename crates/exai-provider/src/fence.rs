//! Blocks of code in a text, as far as their fences tell.

/// Shortest fence.
const MARKS_MIN: usize = 3;

/// A block that is open: what its fence is made of, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fence {
    mark: char,
    marks: usize,
}

impl Fence {
    /// The block that is still open where the text ends.
    pub(crate) fn open_at_end(text: &str) -> Option<Self> {
        let mut open: Option<Self> = None;
        for line in text.lines() {
            let Some((fence, info)) = Self::read(line) else { continue };
            open = match open {
                None => Some(fence),
                // A longer block may show shorter fences, and only a bare one ends anything.
                Some(open) if fence.mark == open.mark && fence.marks >= open.marks && info.is_empty() => None,
                still => still,
            };
        }
        open
    }

    /// Whether the line would open this block once more. A bare fence would not: it ends the block.
    pub(crate) fn is_opened_again_by(self, line: &str) -> bool {
        Self::read(line).is_some_and(|(fence, info)| fence == self && !info.is_empty())
    }

    /// The fence that a line is, and what stands behind it. Lists indent their blocks, so any indent will do.
    fn read(line: &str) -> Option<(Self, &str)> {
        let line = line.trim();
        let mark = line.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        let info = line.trim_start_matches(mark);
        let marks = line.len() - info.len();
        // Three backticks around a word in a line of prose are no fence.
        let is_fence = marks >= MARKS_MIN && !(mark == '`' && info.contains('`'));
        is_fence.then_some((Self { mark, marks }, info.trim()))
    }
}

#[cfg(test)]
mod tests;
