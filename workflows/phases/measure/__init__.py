"""Measure: figures are collected and frozen."""
