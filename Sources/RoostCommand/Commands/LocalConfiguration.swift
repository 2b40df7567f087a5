import Commands
import Foundation

/// The server's configuration file on this host, where commands find the server's socket, state and cache.
enum LocalConfiguration {
    /// `ROOST_CONFIGURATION`, or the default file.
    static let file =
        ProcessInfo.processInfo.environment["ROOST_CONFIGURATION"] ?? ServerSettings.defaultFile

    /// Its settings; the defaults when it is missing or this user may not read it.
    static let settings: ServerSettings = {
        guard FileManager.default.contents(atPath: file) != nil else { return ServerSettings() }
        do {
            return try ServerSettings(parsing: InputFile.text(file), file: file)
        } catch {
            printError("roost: the configuration is not used: \(error)")
            return ServerSettings()
        }
    }()

    /// The settings in `file`, or those above; an explicit file must exist.
    static func settings(in file: String?) throws -> ServerSettings {
        guard let file else { return settings }
        return try ServerSettings(parsing: InputFile.text(file), file: file)
    }
}
