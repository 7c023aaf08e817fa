import Foundation
import FluxionCalculus

/// How a parameter begins: a distribution that depends on the fans of its weight.
///
/// - `fanInUniform`: uniform on ±1/√fan-in, what PyTorch gives weights and biases of dense and convolution layers.
/// - `glorotUniform`, `glorotNormal`: variance 2/(fan-in + fan-out) (Glorot and Bengio 2010, AISTATS).
/// - `heUniform`, `heNormal`: variance 2/fan-in, for ReLU (He, Zhang, Ren and Sun 2015, arXiv 1502.01852).
///
/// The normal distributions are not truncated.
public enum Initializer: Hashable, Sendable, Codable {
  case fanInUniform
  case glorotUniform
  case glorotNormal
  case heUniform
  case heNormal
  case normal(standardDeviation: Float)
  case constant(Float)

  /// 0 everywhere.
  public static let zeros = Initializer.constant(0)

  /// How a bias beside a weight of this initialiser begins.
  var ofBias: Initializer { self == .fanInUniform ? .fanInUniform : .zeros }

  enum Distribution {
    case uniform(bound: Double)
    case normal(standardDeviation: Double)
    case constant(Float)
  }

  func distribution(fanIn: Int, fanOut: Int) -> Distribution {
    let (fanIn, fanOut) = (Double(max(fanIn, 1)), Double(max(fanOut, 1)))
    return switch self {
    case .fanInUniform: .uniform(bound: 1 / fanIn.squareRoot())
    case .glorotUniform: .uniform(bound: (6 / (fanIn + fanOut)).squareRoot())
    case .glorotNormal: .normal(standardDeviation: (2 / (fanIn + fanOut)).squareRoot())
    case .heUniform: .uniform(bound: (6 / fanIn).squareRoot())
    case .heNormal: .normal(standardDeviation: (2 / fanIn).squareRoot())
    case .normal(let standardDeviation): .normal(standardDeviation: Double(standardDeviation))
    case .constant(let value): .constant(value)
    }
  }

  /// `count` values that are a pure function of the key.
  func values(count: Int, fanIn: Int, fanOut: Int, key: RandomKey) -> [Float] {
    var generator = key.generator()
    switch distribution(fanIn: fanIn, fanOut: fanOut) {
    case .constant(let value): return [Float](repeating: value, count: count)
    case .uniform(let bound):
      return (0..<count).map { _ in Float(bound * (2 * generator.nextUniformDouble() - 1)) }
    case .normal(let standardDeviation):
      // Box and Muller 1958: two normal numbers of two uniform ones.
      var values: [Float] = []
      values.reserveCapacity(count + 1)
      while values.count < count {
        let radius = standardDeviation * (-2 * Foundation.log(1 - generator.nextUniformDouble())).squareRoot()
        let angle = 2 * Double.pi * generator.nextUniformDouble()
        values.append(Float(radius * Foundation.cos(angle)))
        values.append(Float(radius * Foundation.sin(angle)))
      }
      return Array(values.prefix(count))
    }
  }
}
