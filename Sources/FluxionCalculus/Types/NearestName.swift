/// The name among `candidates` that is most like `name`, for "did you mean" sentences; nil when none is near.
///
/// Near means an edit distance (insertions, deletions, substitutions and swaps of neighbours; optimal string
/// alignment) of at most a third of the longer name and at least one, ignoring case; a candidate that begins with
/// `name` and goes on is one edit away. Of equally near candidates the first wins.
///
/// ```swift
/// nearest("lable", among: ["age", "label"])        // "label"
/// nearest("glorot", among: ["glorot-uniform"])     // "glorot-uniform"
/// ```
package func nearest(_ name: String, among candidates: [String]) -> String? {
  let wanted = Array(name.lowercased().unicodeScalars.prefix(256))
  var best: (name: String, distance: Int)?
  for candidate in candidates {
    let letters = Array(candidate.lowercased().unicodeScalars.prefix(256))
    let allowed = max(1, max(wanted.count, letters.count) / 3)
    guard !letters.isEmpty, !wanted.isEmpty else { continue }
    let isBeginning = letters.count > wanted.count && letters.starts(with: wanted)
    guard isBeginning || abs(wanted.count - letters.count) <= allowed else { continue }
    let distance = isBeginning ? 1 : editDistance(wanted, letters)
    guard distance <= allowed, distance < max(wanted.count, letters.count) else { continue }
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.name
}

private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  var current = last
  for i in a.indices {
    current[0] = i + 1
    for j in b.indices {
      var cost = min(last[j + 1] + 1, current[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      current[j + 1] = cost
    }
    (beforeLast, last, current) = (last, current, beforeLast)
  }
  return last[b.count]
}
