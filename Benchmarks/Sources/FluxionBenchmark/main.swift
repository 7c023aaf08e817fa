@testable import FluxionCalculus

func cnn(_ batch: Int, _ side: Int = 28) throws -> Program {
  try Program.trace([
    .input("f1", [5, 5, 1, 32]), .input("b1", [32]), .input("f2", [5, 5, 32, 64]), .input("b2", [64]),
    .input("w3", [(side / 4) * (side / 4) * 64, 512]), .input("b3", [512]), .input("w4", [512, 10]), .input("b4", [10]),
    .input("x", [batch, side, side, 1]), .input("y", [batch], .int32), .input("rate", .scalar),
  ]) { i in
    let p = Array(i[..<8])
    func pool(_ x: Tensor) -> Tensor { maxPool2D(x, Window(kernel: (2, 2), stride: (2, 2))) }
    let h1 = pool(relu(conv2D(i[8], p[0], padding: .same) + p[1]))
    let h2 = pool(relu(conv2D(h1, p[2], padding: .same) + p[3]))
    let h3 = relu(matmul(h2.reshaped(to: [batch, (side / 4) * (side / 4) * 64]), p[4]) + p[5])
    let losses = softmaxCrossEntropy(matmul(h3, p[6]) + p[7], i[9])
    let g = gradient(of: losses.mean(), withRespectTo: p)
    return zip(p, g).map { $0 - i[10] * $1 } + [losses.sum()]
  }
}

func dense(_ batch: Int, _ sizes: [Int]) throws -> Program {
  var inputs: [Program.Input] = []
  for (a, b) in zip(sizes, sizes.dropFirst()) { inputs += [.input("w", [a, b]), .input("b", [b])] }
  let count = inputs.count
  return try Program.trace(inputs + [.input("x", [batch, sizes[0]]), .input("y", [batch], .int32), .input("rate", .scalar)]) { i in
    let p = Array(i[..<count])
    var h = i[count]
    for layer in 0..<count / 2 {
      h = matmul(h, p[2 * layer]) + p[2 * layer + 1]
      if layer < count / 2 - 1 { h = relu(h) }
    }
    let losses = softmaxCrossEntropy(h, i[count + 1])
    let g = gradient(of: losses.mean(), withRespectTo: p)
    return zip(p, g).map { $0 - i[count + 2] * $1 } + [losses.sum()]
  }
}

func measure(_ name: String, _ program: Program, parameters: Int, flop: Double, repeats: Int) throws {
  let executable = try Executable(program, inPlace: (0..<parameters).map { ($0, $0) })
  let workspace = executable.makeWorkspace()
  var generator = RandomKey(seed: 1).generator()
  for (index, input) in program.inputs.enumerated() where input.type.element == .float32 {
    let pointer = workspace.pointer(input: index).assumingMemoryBound(to: Float.self)
    for k in 0..<input.type.shape.count { pointer[k] = (generator.nextUniform() - 0.5) * 0.1 }
  }
  workspace.run()
  let clock = ContinuousClock()
  var times: [Double] = []
  for _ in 0..<repeats {
    let t = clock.measure { workspace.run() }
    times.append(Double(t.components.attoseconds) * 1e-18 + Double(t.components.seconds))
  }
  times.sort()
  let median = times[times.count / 2]
  func f(_ x: Double) -> String { String((x * 100).rounded() / 100) }
  print(name, "median µs", f(median * 1e6), "min", f(times[0] * 1e6), "GFLOP/s", f(flop / median * 1e-9), "kernels", executable.kernelCount)
  if CommandLine.arguments.contains("kernels") {
    for (k, time) in workspace.profile(repeats: max(repeats / 4, 3)).enumerated() {
      print("   ", k, type(of: executable.kernels[k]), f(time * 1e6), "µs")
    }
  }
}

for b in [10, 32, 128] {
  try measure("cnn \(b)", cnn(b), parameters: 8, flop: 72.5e6 * Double(b), repeats: 40)
  try measure("mlp \(b)", dense(b, [784, 200, 200, 10]), parameters: 6, flop: 0.88e6 * Double(b), repeats: 2000)
  try measure("softmax \(b)", dense(b, [784, 10]), parameters: 2, flop: 0.031e6 * Double(b), repeats: 20000)
}
try measure("softmax 6", dense(6, [784, 10]), parameters: 2, flop: 0.031e6 * 6, repeats: 20000)
