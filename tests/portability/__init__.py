"""Every model stays fit for Spark, so that scaling out later is a switch. Nothing is run there."""
