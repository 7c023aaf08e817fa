/// How stored features become what a model sees: `x * scale + shift`, applied while a batch is made.
///
/// `scale` and `shift` hold one number for all features, or one a feature in storage order.
public struct Normalization: Sendable, Hashable, Codable {
  public var scale: [Float]
  public var shift: [Float]

  /// The same scale and shift for every feature.
  public init(scale: Float = 1, shift: Float = 0) {
    self.scale = [scale]
    self.shift = [shift]
  }

  /// One scale and one shift a feature.
  public init(scale: [Float], shift: [Float]) {
    self.scale = scale
    self.shift = shift
  }

  /// Features as they are stored.
  public static let identity = Normalization()
  /// Bytes 0…255 to 0…1.
  public static let unitInterval = Normalization(scale: 1 / 255)

  /// One number serves all features.
  public var isScalar: Bool { scale.count == 1 && shift.count == 1 }
}
