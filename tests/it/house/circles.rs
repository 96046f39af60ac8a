//! Circles in a graph of files.

/// Every circle: of the files that reach each other, the arrows among them, e.g. `a.rs -> b.rs`.
pub(super) fn circles(files: &[String], arrows: &[(usize, usize)]) -> Vec<Vec<String>> {
    let reached: Vec<Vec<bool>> = (0..files.len()).map(|from| reach(from, files.len(), arrows)).collect();
    let mut seen = vec![false; files.len()];
    let mut circles = Vec::new();
    for from in 0..files.len() {
        if seen[from] || !reached[from][from] {
            continue;
        }
        let inside = |file: usize| reached[from][file] && reached[file][from];
        (0..files.len()).filter(|file| inside(*file)).for_each(|file| seen[file] = true);
        let ties = arrows.iter().filter(|(a, b)| inside(*a) && inside(*b));
        circles.push(ties.map(|(a, b)| format!("{} -> {}", files[*a], files[*b])).collect());
    }
    circles
}

/// Which files can be reached by an arrow or more.
fn reach(from: usize, files: usize, arrows: &[(usize, usize)]) -> Vec<bool> {
    let mut reached = vec![false; files];
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        let start = arrows.partition_point(|(a, _)| *a < at);
        for (_, to) in arrows[start..].iter().take_while(|(a, _)| *a == at) {
            if !reached[*to] {
                reached[*to] = true;
                next.push(*to);
            }
        }
    }
    reached
}

#[test]
fn a_circle_is_found_and_a_tree_has_none() {
    let files: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
    assert_eq!(circles(&files, &[(0, 1), (0, 2), (1, 3), (2, 3)]), Vec::<Vec<String>>::new());
    assert_eq!(circles(&files, &[(0, 1), (1, 2), (2, 1), (2, 3)]), [["b -> c", "c -> b"]]);
}
