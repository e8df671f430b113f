/// How many characters must be changed, added, dropped or swapped with their neighbour to make one word of another
/// (optimal string alignment distance).
func editDistance(_ one: String, _ other: String) -> Int {
    let one = Array(one)
    let other = Array(other)
    var beforeLast: [Int] = []
    var last = Array(0...other.count)
    for row in one.indices {
        var current = [row + 1]
        for column in other.indices {
            let substitution = last[column] + (one[row] == other[column] ? 0 : 1)
            var best = min(substitution, last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
                best = min(best, beforeLast[column - 1] + 1)
            }
            current.append(best)
        }
        beforeLast = last
        last = current
    }
    return last[other.count]
}

/// `: did you mean 'mount-point'?`, or nothing if no allowed word is near.
func suggestion(for word: String, from allowed: [String]) -> String {
    let normalized = { (text: String) in text.lowercased().filter { $0 != "-" && $0 != "_" } }
    let distances = allowed.map { (word: $0, distance: editDistance(normalized(word), normalized($0))) }
    guard let nearest = distances.min(by: { $0.distance < $1.distance }),
        nearest.distance <= max(1, nearest.word.count / 3)
    else { return "" }
    return ": did you mean '\(nearest.word)'?"
}
