import Foundation

/// What a process takes, as Linux counts it; 0 elsewhere.
enum Resources {
  /// Seconds of a processor, all threads together.
  static var processorSeconds: Double { processorSeconds(of: "self") }

  static func processorSeconds(of process: Child) -> Double { processorSeconds(of: "\(process.identifier)") }

  private static func processorSeconds(of process: String) -> Double {
    let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    // After the name, which may have spaces: fields 14 and 15 in ticks, of which Linux has 100 a second.
    let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
    return (user + system) / 100
  }

  /// The most that this process had resident, in bytes.
  static var peak: Int { byteCount("VmHWM", of: "self") }

  static var now: Int { byteCount("VmRSS", of: "self") }

  static func peak(of process: Child) -> Int { byteCount("VmHWM", of: "\(process.identifier)") }

  private static func byteCount(_ field: String, of process: String) -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("\(field):") } ?? ""
    return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
  }
}
