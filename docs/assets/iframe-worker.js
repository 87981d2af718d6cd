/* Browsers start no worker for a page that is read from a disk. There, a hidden frame does a worker's job, so that the
   search works without a server. Wherever the page came over http, nothing here runs. */
"use strict"

if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    onmessage = null
    #frame = document.createElement("iframe")

    constructor(address) {
      super()
      this.#frame.hidden = true
      document.body.append(this.#frame)
      const inside = this.#frame.contentWindow
      inside.postMessage = message => {
        const event = new MessageEvent("message", { data: message })
        this.dispatchEvent(event)
        this.onmessage?.(event)
      }
      inside.importScripts = (...scripts) => Promise.all(scripts.map(script => this.#load(script, address)))
      this.ready = this.#load(address, location.href)
    }

    async postMessage(data) {
      await this.ready
      this.#frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }))
    }

    terminate() {
      this.#frame.remove()
    }

    #load(address, base) {
      return new Promise((loaded, failed) => {
        const script = this.#frame.contentDocument.createElement("script")
        script.src = new URL(address, base).href
        script.onload = loaded
        script.onerror = failed
        this.#frame.contentDocument.head.append(script)
      })
    }
  }
}
