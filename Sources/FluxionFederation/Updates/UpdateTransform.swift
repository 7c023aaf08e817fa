public import FluxionCalculus

/// A pure step on an update before it leaves its client: clipping, noise, compression.
///
/// ```swift
/// /// Sends half of what was learnt.
/// struct Halve: UpdateTransform {
///   func apply(to update: UnsafeMutableBufferPointer<Float>, key: RandomKey) {
///     for index in update.indices { update[index] /= 2 }
///   }
/// }
/// ```
public protocol UpdateTransform: Sendable {
  /// Changes the update in place.
  ///
  /// - Parameter key: the client's key in this round, for transforms that draw random numbers.
  func apply(to update: UnsafeMutableBufferPointer<Float>, key: RandomKey) throws
}
