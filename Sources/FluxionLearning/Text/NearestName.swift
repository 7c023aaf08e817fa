/// The name among `names` that is the fewest edits away (Levenshtein 1966), the first of them at ties; a name that only
/// goes on after `name` counts as one edit.
package func nearestName(to name: String, among names: [String]) -> String? {
  func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = i
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }
  // A name from outside may be of any length; no known one is longer than this.
  let text = Array(name.lowercased().prefix(100))
  return names.map { candidate in
    let letters = Array(candidate.lowercased())
    let isBeginning = !text.isEmpty && letters.starts(with: text)
    return (name: candidate, distance: isBeginning ? min(1, letters.count - text.count) : distance(text, letters))
  }
  .min { $0.distance < $1.distance }?.name
}

/// The sentence that says that a name is not known, and which known one is nearest.
package func unknownName(_ name: String, _ kind: String, among names: [String]) -> String {
  let shown = name.count > 100 ? "\(name.prefix(100))…" : name
  guard let nearest = nearestName(to: name, among: names) else { return "there is no \(kind) \"\(shown)\"" }
  return "there is no \(kind) \"\(shown)\"; did you mean \"\(nearest)\"? Known: \(names.joined(separator: ", "))"
}
