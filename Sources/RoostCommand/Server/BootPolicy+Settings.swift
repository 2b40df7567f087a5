import Fleet
import Logging

extension BootPolicy {
    /// Takes over what a running server follows when its configuration is read anew.
    ///
    /// - Parameter loaders: name → path of those that are there.
    mutating func follow(_ settings: ServerSettings, loaders: [String: String]) {
        self.loaders = Swift.Set(loaders.keys)
        loaderRules = settings.loaderRules
        domain = settings.domain
        advertisedAddress = settings.advertisedAddress
        for rule in loaderRules where loaders[rule.loader] == nil {
            ServerLog.logger.warning("a loader rule names \(rule.loader), which is not there")
        }
    }
}
