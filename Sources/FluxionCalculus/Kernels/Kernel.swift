/// One step of an executable: a fixed computation at fixed places. Allocates nothing when it runs.
protocol Kernel: Sendable {
  /// - Parameter memory: the start of every block, as ``BlockNumbering`` counts them.
  func run(_ memory: Memory)
}
