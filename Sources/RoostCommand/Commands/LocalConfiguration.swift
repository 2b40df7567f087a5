import Commands
import Foundation

/// The server's configuration file on this host, from which commands know where the server's socket, state and cache are.
enum LocalConfiguration {
    /// `ROOST_CONFIGURATION`, or the standard file.
    static let file =
        ProcessInfo.processInfo.environment["ROOST_CONFIGURATION"] ?? ServerSettings.defaultFile

    /// What is written there; the defaults where there is no file, or this user may not read it.
    static let settings: ServerSettings = {
        guard let data = FileManager.default.contents(atPath: file) else { return ServerSettings() }
        do {
            return try ServerSettings(parsing: String(decoding: data, as: UTF8.self), file: file)
        } catch {
            printError("roost: the configuration is not used: \(error)")
            return ServerSettings()
        }
    }()

    /// The settings in `file`, or those above; an explicit file has to be there.
    static func settings(in file: String?) throws -> ServerSettings {
        guard let file else { return settings }
        return try ServerSettings(parsing: InputFile.text(file), file: file)
    }
}
