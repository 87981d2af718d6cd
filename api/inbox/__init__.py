"""Webhooks of platforms: received and stored at once, worked on afterwards.

``receiving`` checks who sent a delivery and stores it; ``working`` takes deliveries up, ``asking`` asks the platform
where they say too little, ``recording`` writes what they mean by the same items as the API's own paths.
"""
