import FluxionCalculus
import FluxionClient
import FluxionData
import FluxionIdentity
import Foundation

/// An app that takes part in a federation with data of its own: `HospitalApp NUMBER SERVER:PORT [TOKEN]`.
///
/// Without a token it joins a server that serves with `--plaintext` on this machine. What an app on a phone would hear
/// from the system, that the network or the power has changed, is typed here.
@main
struct HospitalApp {
  static func main() async {
    let arguments = CommandLine.arguments.dropFirst()
    let address = arguments.dropFirst().first?.split(separator: ":").map(String.init) ?? []
    guard let hospital = arguments.first.flatMap({ Int($0) }), address.count == 2, let port = Int(address[1]) else {
      print("usage: HospitalApp NUMBER SERVER:PORT [TOKEN]")
      exit(64)
    }
    do {
      try await takePart(hospital, host: address[0], port: port, token: arguments.dropFirst(2).first)
    } catch is CancellationError {
      print("stopped; the same command takes part again")
    } catch {
      print("\(error)")
      exit(1)
    }
  }

  static func takePart(_ hospital: Int, host: String, port: Int, token: String?) async throws {
    var configuration = try await configuration("hospital-\(hospital)", host, port, token)
    // As an app would have it that must not use up a phone's battery or data plan.
    configuration.requirements = .init(network: .unmetered, power: .chargingOrBattery(atLeast: 0.3))
    let client = try FederatedClient(configuration, data: patients(of: hospital))
    client.updateConditions(network: .unmetered, power: .charging)

    let run = Task { try await client.run() }
    Task {
      for await line in lines() {
        switch line {
        case "p": client.pause()
        case "r": client.resume()
        case "m": client.updateConditions(network: .metered)
        case "u": client.updateConditions(network: .unmetered)
        case "b": client.updateConditions(power: .battery(level: 0.2))
        case "c": client.updateConditions(power: .charging)
        case "?": print("\(client.state), \(client.conditions)")
        case "q": run.cancel()
        default: print("p pause, r resume, m metered, u unmetered, b battery at 20 %, c charging, ? ask, q quit")
        }
      }
    }
    for await progress in client.progress { print(describe(progress)) }
    try await run.value
  }

  /// Who this is, and where the server; a token becomes a certificate the first time.
  static func configuration(
    _ name: String, _ host: String, _ port: Int, _ token: String?
  ) async throws -> FederatedClient.Configuration {
    guard let token else { return .init(name: name, host: host, port: port) }
    let folder = try PartyFolder(state: URL(filePath: name, directoryHint: .isDirectory))
    if try folder.identity() == nil {
      try await PartyEnrollment(host: host, port: port).enroll(JoinToken(token), in: folder)
    }
    guard let identity = try folder.identity() else { throw FluxionError(.notFound, "\(name) has not enrolled") }
    return .init(name: "\(identity.name)", host: host, port: port, security: .mutualTLS(folder))
  }

  /// 20,000 made-up patients: five measurements of each, and a number that follows from them. The hospitals differ in
  /// whom they see.
  static func patients(of hospital: Int) throws -> DatasetView {
    let sample = try SyntheticLinear(samples: 200_000, features: 5, parties: 10, partyShift: 1, seed: 7).generate()
    let hospitals = try sample.dataset.partitioned(.column("party"))
    guard hospitals.indices.contains(hospital) else {
      throw FluxionError(.invalidArgument, "hospitals are numbered from 0 to \(hospitals.count - 1)")
    }
    return hospitals[hospital]
  }

  static func describe(_ progress: ClientProgress) -> String {
    switch progress {
    case .joined(let run, let client): "joined run \(run) as party \(client)"
    case .training(let round): "round \(round): training"
    case .trained(let round, let loss): "round \(round): trained, loss \(loss)"
    case .failed(let round, let reason): "round \(round): \(reason)"
    case .answered(let round, let answer): "round \(round): \(answer)"
    case .disconnected(let reason, let wait): "no server: \(reason); again in \(wait)"
    case .paused(let reason): "paused: \(reason)"
    case .resumed: "going on"
    case .finished(let reason): reason
    }
  }

  /// What is typed, line by line. Reading blocks, so it has a thread of its own.
  static func lines() -> AsyncStream<String> {
    AsyncStream { lines in
      Thread.detachNewThread {
        while let line = readLine() { lines.yield(line) }
        lines.finish()
      }
    }
  }
}
