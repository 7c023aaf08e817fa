import FluxionCalculus

/// The sentence that says that a name is not known, which known one is near, and which there are.
func unknownName(_ name: String, _ kind: String, among names: [String]) -> String {
  let shown = name.count > 100 ? "\(name.prefix(100))…" : name
  let hint = nearest(name, among: names).map { "; did you mean \"\($0)\"?" } ?? ";"
  return "there is no \(kind) \"\(shown)\"\(hint) use one of \(names.joined(separator: ", "))"
}
