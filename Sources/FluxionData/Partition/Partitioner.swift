/// A rule that deals a dataset out to parties.
///
/// Each is a value with a text form (`iid`, `shards:2`, `dirichlet:0.5`, `quantity:0.5`, `column:hospital`) that
/// ``init(parsing:)`` reads and ``description`` writes.
public enum Partitioner: Sendable, Hashable {
  /// Shuffled and cut into parties whose sizes differ by at most one.
  case iid
  /// Sorted by label, cut into `parties * perParty` shards, dealt at random (McMahan et al. 2017, arXiv 1602.05629).
  case shards(perParty: Int)
  /// Equal sizes; each party's label mixture is drawn from Dir(α) (Hsu et al. 2019, arXiv 1909.06335).
  case dirichlet(alpha: Double)
  /// Sizes drawn from Dir(α), at least one example each; labels IID.
  case quantity(alpha: Double)
  /// One party a distinct value of a column of a table.
  case column(String)
}
