@testable import FluxionCalculus

extension OperatorCase {
  static let windows: [OperatorCase] = convolutions + pools

  /// A window and the image it slides over.
  private struct Geometry: Sendable {
    let name: String
    let window: Window
    let height: Int
    let width: Int

    var output: (height: Int, width: Int) { window.outputSize(height: height, width: width) ?? (0, 0) }
  }

  private static let convolutionGeometries: [Geometry] = [
    Geometry(name: "1×1", window: Window(kernel: (1, 1)), height: 2, width: 3),
    Geometry(name: "3×3 valid", window: Window(kernel: (3, 3)), height: 4, width: 3),
    Geometry(
      name: "3×3 same", window: Window(kernel: (3, 3), stride: (1, 1), padding: .same, height: 3, width: 4),
      height: 3, width: 4),
    Geometry(
      name: "2×2 same, odd remainder",
      window: Window(kernel: (2, 2), stride: (1, 1), padding: .same, height: 3, width: 3), height: 3, width: 3),
    Geometry(
      name: "3×3 same stride 2", window: Window(kernel: (3, 3), stride: (2, 2), padding: .same, height: 4, width: 5),
      height: 4, width: 5),
    Geometry(
      name: "2×2 stride 2, last row unread", window: Window(kernel: (2, 2), stride: (2, 2)), height: 3, width: 5),
    Geometry(name: "1×1 stride 2", window: Window(kernel: (1, 1), stride: (2, 2)), height: 3, width: 4),
    Geometry(
      name: "3×2 stride 2×1 padding 2,0,1,0",
      window: Window(kernel: (3, 2), stride: (2, 1), padding: (2, 0, 1, 0)), height: 4, width: 3),
    Geometry(
      name: "2×3 stride 1×2 padding 0,1,2,1",
      window: Window(kernel: (2, 3), stride: (1, 2), padding: (0, 1, 2, 1)), height: 2, width: 4),
    Geometry(name: "wider than the image", window: Window(kernel: (3, 3), padding: (2, 2, 2, 2)), height: 1, width: 1),
  ]

  private static let convolutions: [OperatorCase] =
    convolutionGeometries.flatMap { geometry in
      let (n, c, f) = (2, 2, 2)
      let window = geometry.window
      let image: Shape = [n, geometry.height, geometry.width, c]
      let filter: Shape = [window.kernelHeight, window.kernelWidth, c, f]
      let result: Shape = [n, geometry.output.height, geometry.output.width, f]
      return [
        OperatorCase("conv2D \(geometry.name)", .conv2D(window), [.uniform(image), .uniform(filter)]),
        OperatorCase(
          "conv2DInputGradient \(geometry.name)",
          .conv2DInputGradient(window, height: geometry.height, width: geometry.width),
          [.uniform(result), .uniform(filter)]),
        OperatorCase(
          "conv2DFilterGradient \(geometry.name)", .conv2DFilterGradient(window), [.uniform(image), .uniform(result)]),
      ]
    } + [
      OperatorCase(
        "conv2D 1 to 3 channels", .conv2D(Window(kernel: (2, 2))), [.uniform([1, 3, 3, 1]), .uniform([2, 2, 1, 3])]),
      OperatorCase(
        "conv2D of no images", .conv2D(Window(kernel: (2, 2))), [.uniform([0, 3, 3, 1]), .uniform([2, 2, 1, 2])]),
    ]

  private static let poolGeometries: [Geometry] = [
    Geometry(name: "2×2 stride 2", window: Window(kernel: (2, 2), stride: (2, 2)), height: 4, width: 4),
    Geometry(
      name: "2×2 stride 2, last row unread", window: Window(kernel: (2, 2), stride: (2, 2)), height: 3, width: 5),
    Geometry(name: "2×2 overlapping", window: Window(kernel: (2, 2)), height: 3, width: 3),
    Geometry(
      name: "3×3 stride 2 padding 1", window: Window(kernel: (3, 3), stride: (2, 2), padding: (1, 1, 1, 1)),
      height: 4, width: 5),
    Geometry(
      name: "3×2 stride 1×2 padding 0,2,1,0", window: Window(kernel: (3, 2), stride: (1, 2), padding: (0, 2, 1, 0)),
      height: 3, width: 4),
    Geometry(name: "1×2 stride 3×1", window: Window(kernel: (1, 2), stride: (3, 1)), height: 4, width: 3),
  ]

  private static let pools: [OperatorCase] = poolGeometries.flatMap { geometry in
    let (n, c) = (2, 2)
    let window = geometry.window
    let image: Shape = [n, geometry.height, geometry.width, c]
    let result: Shape = [n, geometry.output.height, geometry.output.width, c]
    return [
      OperatorCase("maxPool2D \(geometry.name)", .maxPool2D(window), [.distinct(image)]),
      OperatorCase(
        "maxPool2DScatter \(geometry.name)", .maxPool2DScatter(window), [.distinct(image), .uniform(result)]),
      OperatorCase("maxPool2DGather \(geometry.name)", .maxPool2DGather(window), [.distinct(image), .uniform(image)]),
      OperatorCase("averagePool2D \(geometry.name)", .averagePool2D(window), [.uniform(image)]),
      OperatorCase(
        "averagePool2DGradient \(geometry.name)",
        .averagePool2DGradient(window, height: geometry.height, width: geometry.width), [.uniform(result)]),
    ]
  }
}
