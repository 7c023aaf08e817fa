import CFluxionKernels
import Foundation

// What is measured in process; `Benchmarks/bench` measures whole runs of the tool.

let usage = """
  usage: FluxionBenchmark [steps | kernels | aggregation | allocations] [--path portable | avx2 | avx512]

  steps        one training step of each workload's model on one thread (the default)
  kernels      the same, with the time of every kernel of a step
  aggregation  the weighted mean of 100 updates of 1.66 million floats, beside the bandwidth of memory
  allocations  heap allocations, beside the thresholds in Benchmarks/Thresholds; fails when one is exceeded
  --path       the instruction set of the kernels, for steps and kernels; the widest there is by default

  """

func refuse(_ sentence: String) -> Never {
  FileHandle.standardError.write(Data("FluxionBenchmark: \(sentence)\n".utf8))
  exit(2)
}

var arguments = Array(CommandLine.arguments.dropFirst())
if let flag = arguments.firstIndex(of: "--path") {
  let paths = ["portable": FX_PATH_PORTABLE, "avx2": FX_PATH_AVX2, "avx512": FX_PATH_AVX512]
  guard flag + 1 < arguments.count, let path = paths[arguments[flag + 1]] else {
    refuse("--path takes portable, avx2 or avx512")
  }
  guard fx_set_path(Int32(path)) == 0 else { refuse("this machine has no \(arguments[flag + 1])") }
  arguments.removeSubrange(flag...flag + 1)
}
switch arguments {
case [], ["steps"]: try measureSteps(showsKernels: false)
case ["kernels"]: try measureSteps(showsKernels: true)
case ["aggregation"]: try measureAggregation()
case ["allocations"]: try await checkAllocations()
default:
  print(usage, terminator: "")
  exit(arguments == ["--help"] ? 0 : 2)
}
