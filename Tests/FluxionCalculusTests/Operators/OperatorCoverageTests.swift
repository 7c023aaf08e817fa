@testable import FluxionCalculus
import Testing

/// The cases of `Operation`, to be enumerated. The switch below does not compile when a case of `Operation` is missing.
private enum Kind: String, CaseIterable {
  case literal, unary, binary, select, reduce, broadcast, reshape, transpose, slice, pad, concatenate, gather
  case scatterAdd, matmul, conv2D, conv2DInputGradient, conv2DFilterGradient, maxPool2D, maxPool2DScatter
  case maxPool2DGather, averagePool2D, averagePool2DGradient, logSoftmax, softmax, softmaxCrossEntropy
  case softmaxCrossEntropyGradient, oneHot, argmax, convert, stopGradient, randomUniform

  init(_ operation: FluxionCalculus.Operation) {
    switch operation {
    case .literal: self = .literal
    case .unary: self = .unary
    case .binary: self = .binary
    case .select: self = .select
    case .reduce: self = .reduce
    case .broadcast: self = .broadcast
    case .reshape: self = .reshape
    case .transpose: self = .transpose
    case .slice: self = .slice
    case .pad: self = .pad
    case .concatenate: self = .concatenate
    case .gather: self = .gather
    case .scatterAdd: self = .scatterAdd
    case .matmul: self = .matmul
    case .conv2D: self = .conv2D
    case .conv2DInputGradient: self = .conv2DInputGradient
    case .conv2DFilterGradient: self = .conv2DFilterGradient
    case .maxPool2D: self = .maxPool2D
    case .maxPool2DScatter: self = .maxPool2DScatter
    case .maxPool2DGather: self = .maxPool2DGather
    case .averagePool2D: self = .averagePool2D
    case .averagePool2DGradient: self = .averagePool2DGradient
    case .logSoftmax: self = .logSoftmax
    case .softmax: self = .softmax
    case .softmaxCrossEntropy: self = .softmaxCrossEntropy
    case .softmaxCrossEntropyGradient: self = .softmaxCrossEntropyGradient
    case .oneHot: self = .oneHot
    case .argmax: self = .argmax
    case .convert: self = .convert
    case .stopGradient: self = .stopGradient
    case .randomUniform: self = .randomUniform
    }
  }
}

@Suite("Operator coverage")
struct OperatorCoverageTests {
  @Test("every operator has a row in the contract")
  func coverage() throws {
    var kinds: Set<Kind> = []
    var unaries: Set<Unary> = []
    var binaries: Set<Binary> = []
    var reductions: Set<Reduction> = []
    for row in OperatorCase.all {
      for instruction in try row.program().instructions {
        kinds.insert(Kind(instruction.operation))
        switch instruction.operation {
        case .unary(let unary): unaries.insert(unary)
        case .binary(let binary): binaries.insert(binary)
        case .reduce(let reduction, _, _): reductions.insert(reduction)
        default: break
        }
      }
    }
    #expect(Kind.allCases.filter { !kinds.contains($0) } == [])
    #expect(Unary.allCases.filter { !unaries.contains($0) } == [])
    #expect(Binary.allCases.filter { !binaries.contains($0) } == [])
    #expect(Reduction.allCases.filter { !reductions.contains($0) } == [])
  }

  @Test("no two rows have one name")
  func names() {
    let names = OperatorCase.all.map(\.name)
    #expect(Set(names).count == names.count)
  }
}
